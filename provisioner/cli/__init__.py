"""The command line: `main` maps every way to end to an exit code."""

from __future__ import annotations

import sys
import traceback

from typer.exceptions import Abort, TyperException
from typer.main import get_command

from provisioner import __version__
from provisioner.errors import ProvisionerError, UsageError


def main(arguments: list[str] | None = None) -> None:
    """Run one verb and exit. No traceback reaches a user unless the fault is ours (70)."""
    for stream in filter(None, (sys.stdout, sys.stderr)):
        # A Windows console may not know a character of a site; showing its code beats dying of it.
        stream.reconfigure(errors="backslashreplace")
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """The exit code of one verb."""
    from provisioner.cli.app import app
    from provisioner.cli.output import complain

    try:
        code = get_command(app).main(arguments, prog_name="provisioner", standalone_mode=False, obj=run)
        return int(code or 0)
    except (KeyboardInterrupt, Abort):
        complain("interrupted\n")
        return 130
    except TyperException as error:
        said = str(error.format_message() if hasattr(error, "format_message") else error)
        if said.startswith("Usage:"):  # the bare command shows its help
            complain(f"{said}\n")
            return 64
        return _told(UsageError(said, next_step="See `provisioner --help`."), arguments)
    except ProvisionerError as error:
        return _told(error, arguments)
    except OSError as error:
        what = error.strerror or str(error)
        return _told(UsageError(what, where=str(error.filename or "the system")), arguments)
    except Exception:
        complain(traceback.format_exc())
        complain(f"This is our own bug (provisioner {__version__}, Python {sys.version.split()[0]}). ")
        complain("Please report it with the text above, after a look that it holds no secret of yours.\n")
        return 70


def _told(error: ProvisionerError, arguments: list[str] | None) -> int:
    from provisioner.cli.output import tell_error

    tell_error(error, arguments)
    return error.exit_code
