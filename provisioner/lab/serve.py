"""The lab's own process: `python -m provisioner.lab.serve --site PATH --state DIR`."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from provisioner.errors import ProvisionerError
from provisioner.lab.handle import LabHandle
from provisioner.lab.powershell import located, proven
from provisioner.lab.serving import serving
from provisioner.manifest.load import load

if sys.platform != "win32":
    import resource

LINGER_SECONDS = 60.0


def serve_here(
    site_path: Path,
    folder: Path,
    *,
    linger_seconds: float | None = None,
    powershell: Path | None = None,
    ready: Callable[[LabHandle], None] = lambda _: None,
) -> None:
    """Serve in the foreground until SIGINT or SIGTERM, `lab down`, or the folder is gone.

    With `powershell`, a path or a name on the search path, the scripts run in that engine.
    Raises `HeldError` where another process serves the folder, `ManifestError`, `LabError`.
    """
    engine = None if powershell is None else proven(located(powershell))
    with serving(load(site_path), folder, powershell=engine) as served, _stopping(served.stop):
        ready(served.handle())
        served.wait(linger_seconds)


@contextmanager
def _stopping(stop: Callable[[], None]) -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *_: stop()) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def main() -> int:
    """Serve as the arguments say; errors go to standard error, which the starter keeps as the lab's log."""
    parser = argparse.ArgumentParser(prog="python -m provisioner.lab.serve")
    parser.add_argument("--site", type=Path, required=True)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--linger", type=float, default=LINGER_SECONDS)
    parser.add_argument("--powershell", type=Path)
    arguments = parser.parse_args()
    _allow_many_sockets()
    try:
        serve_here(
            arguments.site,
            arguments.state,
            linger_seconds=arguments.linger,
            powershell=arguments.powershell,
        )
    except ProvisionerError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


def _allow_many_sockets() -> None:
    if sys.platform == "win32":
        return
    # A site of a thousand terminals has as many doors; the usual soft limit is 1024 files.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    sys.exit(main())
