"""What all doors of a lab share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from provisioner.lab.faults import Faults
from provisioner.lab.programs import Player
from provisioner.lab.reception import Reception
from provisioner.lab.tasks import TaskPlayer


@dataclass
class Premises:
    """Accepting thread, injected faults, private files, and the way to make the state safe."""

    reception: Reception
    faults: Faults
    folder: Path
    """Private files of the doors: certificates and NTLM credential files."""
    flush: Callable[[], None]
    """Called before an answer leaves: what a client was told is on disk."""
    player: Player
    """Runs the bootstrap that a client sends: simulated, or in a PowerShell engine."""
    task_player: TaskPlayer
    """Runs what the machine's own scheduler starts, in the same way."""
