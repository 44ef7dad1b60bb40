"""The verbs and their flags. Heavy imports are inside the verbs: `--help` must not wait for WinRM or YAML
(measured: winrm alone costs 0.25 s of CPU, pydantic and the kinds another 0.2 s)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner import __version__
from provisioner.cli import flags
from provisioner.cli.lab_verbs import lab_app
from provisioner.cli.output import say, view_for

if TYPE_CHECKING:
    from provisioner.cli.contact import Options

app = typer.Typer(
    name="provisioner",
    help="Configuration as code for AXIS Camera Station sites: validate, plan, apply, drift.",
    epilog="Try it without any equipment: provisioner demo",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(lab_app, name="lab")


def _version(wanted: bool) -> None:
    if wanted:
        say(f"provisioner {__version__}\n")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Global flags."""


@app.command(epilog="Example: provisioner validate sites/harbour")
def validate(site: flags.Site, format: flags.FormatFlag = flags.Format.HUMAN) -> None:
    """Check a manifest and show every fault at once. Contacts nobody, follows no secret."""
    from provisioner.manifest.load import load

    loaded = load(site)
    settings = sum(len(host.resources) for host in loaded.hosts)
    say(view_for(format).valid(loaded.name, len(loaded.hosts), settings))


@app.command(epilog="Example: provisioner plan sites/harbour --out harbour.plan")
def plan(
    site: flags.Site,
    only: flags.Only = [],  # noqa: B006
    out: flags.Out = None,
    reverse: flags.Reverse = False,
    format: flags.FormatFlag = flags.Format.HUMAN,
    verbose: flags.Verbose = 0,
    state: flags.State = None,
    lab: flags.Lab = False,
    lab_state: flags.LabState = None,
    lab_endpoints: flags.LabEndpoints = None,
    lab_powershell: flags.LabPowershell = None,
    allow_command: flags.AllowCommand = False,
    secret_folder: flags.SecretFolder = [],  # noqa: B006
) -> None:
    """Read the live site and show what apply would do. Writes nothing; exits 2 where something differs."""
    options = _options(
        only, state, lab, lab_state, lab_endpoints, lab_powershell, allow_command, secret_folder
    )
    _look(site, options, out, format, verbose, drift=False, reverse=reverse)


@app.command(epilog="Example: provisioner drift sites/harbour --format json")
def drift(
    site: flags.Site,
    only: flags.Only = [],  # noqa: B006
    format: flags.FormatFlag = flags.Format.HUMAN,
    verbose: flags.Verbose = 0,
    state: flags.State = None,
    lab: flags.Lab = False,
    lab_state: flags.LabState = None,
    lab_endpoints: flags.LabEndpoints = None,
    lab_powershell: flags.LabPowershell = None,
    allow_command: flags.AllowCommand = False,
    secret_folder: flags.SecretFolder = [],  # noqa: B006
) -> None:
    """Like plan, with the cause of every difference: changed by hand, or the manifest changed."""
    options = _options(
        only, state, lab, lab_state, lab_endpoints, lab_powershell, allow_command, secret_folder
    )
    _look(site, options, None, format, verbose, drift=True)


@app.command(epilog="Example: provisioner apply sites/harbour --restart window")
def apply(
    target: flags.SiteOrPlan,
    only: flags.Only = [],  # noqa: B006
    yes: flags.Yes = False,
    restart: flags.RestartFlag = flags.Restart.WINDOW,
    format: flags.FormatFlag = flags.Format.HUMAN,
    verbose: flags.Verbose = 0,
    state: flags.State = None,
    lab: flags.Lab = False,
    lab_state: flags.LabState = None,
    lab_endpoints: flags.LabEndpoints = None,
    lab_powershell: flags.LabPowershell = None,
    allow_command: flags.AllowCommand = False,
    secret_folder: flags.SecretFolder = [],  # noqa: B006
) -> None:
    """Make the site as declared: plan, ask, write, read back. Or apply exactly a saved plan."""
    from provisioner.cli.showing import apply_and_show

    options = _options(
        only, state, lab, lab_state, lab_endpoints, lab_powershell, allow_command, secret_folder
    )
    raise typer.Exit(apply_and_show(target, options, yes, restart, format, verbose))


@app.command(epilog="Example: provisioner rollback 20261123T214800Z-3f9a1c --restart window")
def rollback(
    run: flags.PastRun,
    only: flags.Only = [],  # noqa: B006
    yes: flags.Yes = False,
    restart: flags.RestartFlag = flags.Restart.WINDOW,
    format: flags.FormatFlag = flags.Format.HUMAN,
    verbose: flags.Verbose = 0,
    state: flags.State = None,
    lab: flags.Lab = False,
    lab_state: flags.LabState = None,
    lab_endpoints: flags.LabEndpoints = None,
    lab_powershell: flags.LabPowershell = None,
    allow_command: flags.AllowCommand = False,
    secret_folder: flags.SecretFolder = [],  # noqa: B006
) -> None:
    """Take an apply back: plan to what was live before it, ask, write, read back.

    Of each item only what that run had declared is touched. What cannot be taken back is said, and ends
    with 6.
    """
    from provisioner.cli.showing import roll_back_and_show

    options = _options(
        only, state, lab, lab_state, lab_endpoints, lab_powershell, allow_command, secret_folder
    )
    raise typer.Exit(roll_back_and_show(run, options, yes, restart, format, verbose))


@app.command(epilog="Example: provisioner history sites/harbour")
def history(
    site: flags.Site, format: flags.FormatFlag = flags.Format.HUMAN, state: flags.State = None
) -> None:
    """Show the runs over a site that kept a journal: id, time, exit code, changes. Contacts nobody."""
    from provisioner.cli.showing import show_history

    raise typer.Exit(show_history(site, state, format))


@app.command(epilog="Example: provisioner demo")
def demo(
    context: typer.Context,
    folder: Annotated[
        Path | None,
        typer.Option("--folder", metavar="DIR", help="Where to put its files. Default: a new one."),
    ] = None,
    powershell: flags.Powershell = None,
) -> None:
    """Show everything on a simulated site: plan, apply with restart, an empty plan, drift."""
    from provisioner.cli.demo import run_demo

    raise typer.Exit(run_demo(folder, powershell, context.obj))


@app.command(epilog="Example: provisioner schema --write schemas")
def schema(
    name: Annotated[str, typer.Argument(help="`site` or `plan`.")] = "site",
    write: Annotated[
        Path | None, typer.Option("--write", metavar="DIR", help="Write both schemas there instead.")
    ] = None,
) -> None:
    """Print the JSON Schema of the manifest or of the plan's JSON form."""
    from provisioner.cli.schemas import schema_text, write_schemas

    if write is None:
        say(schema_text(name))
    else:
        say("".join(f"{path}\n" for path in write_schemas(write)))


def _look(
    site: Path,
    options: Options,
    out: Path | None,
    format: flags.Format,
    verbose: int,
    *,
    drift: bool,
    reverse: bool = False,
) -> None:
    from provisioner.cli.showing import look_and_show

    raise typer.Exit(look_and_show(site, options, out, format, verbose, drift=drift, reverse=reverse))


def _options(
    only: list[str],
    state: Path | None,
    lab: bool,
    lab_state: Path | None,
    lab_endpoints: Path | None,
    lab_powershell: Path | None,
    allow_command: bool,
    secret_folder: list[Path],
) -> Options:
    from provisioner.cli.contact import Options

    return Options(
        tuple(only),
        state,
        lab,
        lab_state,
        lab_endpoints,
        lab_powershell,
        allow_command,
        tuple(secret_folder),
    )
