"""The command line: `main` maps every way to end to an exit code."""

from __future__ import annotations

import os
import sys
import traceback

from typer.exceptions import TyperException
from typer.main import get_command

from provisioner import __version__
from provisioner.errors import ProvisionerError


def main(arguments: list[str] | None = None) -> None:
    """Run one verb and exit. No traceback reaches a user unless the fault is ours (70)."""
    for stream in (sys.stdout, sys.stderr):
        # A Windows console may not know a character of a site; showing its code beats dying of it.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """The exit code of one verb."""
    from provisioner.cli.app import app
    from provisioner.cli.output import complain

    try:
        code = get_command(app).main(arguments, prog_name="provisioner", standalone_mode=False, obj=run)
        return int(code or 0)
    except TyperException as error:
        complain(f"error: {error.format_message() if hasattr(error, 'format_message') else error}\n")
        return 64
    except ProvisionerError as error:
        from provisioner.cli.output import tell_error

        tell_error(error, arguments)
        return error.exit_code
    except KeyboardInterrupt:
        complain("interrupted\n")
        return 130
    except BrokenPipeError:
        # The reader of our output has gone (`| head`); nothing may be written any more, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception:
        complain(traceback.format_exc())
        complain(f"This is our own bug (provisioner {__version__}, Python {sys.version.split()[0]}). ")
        complain("Please report it with the text above; it holds no secret.\n")
        return 70
