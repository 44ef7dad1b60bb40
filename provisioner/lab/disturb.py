"""Injected faults of a process's output."""

from __future__ import annotations

from provisioner.lab.faults import Fault
from provisioner.lab.winrs import Process

_NOISE = b"Loading personal and system profiles took 712ms.\r\n@provisioner not ours\r\n"
_PROGRESS = (
    b"#< CLIXML\r\n"
    b'<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">'
    b'<Obj S="progress" RefId="0"><MS><PR N="Record"><AV>Preparing modules for first use.</AV></PR></MS>'
    b"</Obj></Objs>"
)


def disturb(process: Process, fault: Fault) -> None:
    """Prepare what a process will print, before it starts."""
    if fault.effect == "truncate":
        process.torn = True
    elif fault.effect == "noise":
        process.write("stdout", _NOISE)
    elif fault.effect == "clixml":
        process.write("stderr", _PROGRESS)
    else:
        process.most_bytes = int(fault.argument)
