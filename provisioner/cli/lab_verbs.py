"""`provisioner lab ...`: the simulated twin of a site."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provisioner.cli import flags
from provisioner.cli.output import complain, say

if TYPE_CHECKING:
    from provisioner.lab.handle import LabHandle

lab_app = typer.Typer(help="The simulated twin of a site: machines behind real WinRM doors on loopback.")

SiteOfLab = Annotated[
    Path | None,
    typer.Option("--site", metavar="SITE", help="The site whose twin is meant. Default: the one that runs."),
]
Host = Annotated[str, typer.Argument(metavar="HOST", help="Name of a host in the manifest.")]
Endpoints = Annotated[
    Path | None,
    typer.Option("--endpoints", metavar="FILE", help="Write how to reach each host there, mode 0600."),
]


@lab_app.command(epilog="Example: provisioner lab up sites/demo --endpoints lab.json")
def up(
    site: flags.Site,
    endpoints: Endpoints = None,
    powershell: flags.Powershell = None,
    lab_state: flags.LabState = None,
    state: flags.State = None,
) -> None:
    """Serve the twin of a site in the foreground, until Ctrl-C."""
    from provisioner.cli.contact import Options, lab_folder
    from provisioner.lab.serve import serve_here
    from provisioner.manifest.load import load

    folder = lab_folder(load(site).name, Options(state=state, lab_state=lab_state))

    written: list[Path] = []

    _check_replaceable(endpoints)

    def ready(lab: LabHandle) -> None:
        if endpoints is not None:
            lab.write_endpoints(endpoints)
            written.append(endpoints)
        rows = [f"  {row['name']}: {row['url']}\n" for row in lab.endpoints()["hosts"]]
        say(f"serving the twin of {site} from {folder}; Ctrl-C ends it\n" + "".join(rows))
        say(_mode(lab.status()))

    try:
        serve_here(site, folder, powershell=powershell, ready=ready)
    finally:
        for path in written:
            path.unlink(missing_ok=True)  # it holds passwords of doors that are closed now


@lab_app.command(epilog="Example: provisioner lab status")
def status(
    site: SiteOfLab = None,
    lab_state: flags.LabState = None,
    state: flags.State = None,
    format: flags.FormatFlag = flags.Format.HUMAN,
) -> None:
    """Show what the machines were asked and what was written on them since the lab started."""
    found = _running(site, lab_state, state).status()
    if format is flags.Format.JSON:
        say(json.dumps(found, indent=2) + "\n")
        return
    say(_mode(found))
    for name, row in found["hosts"].items():
        say(
            f"{name}: {row['requests']} requests, {row['connections']} connections, {row['writes']} writes "
            f"(+{row['bookkeeping_writes']} bookkeeping), {row['restarts']} restarts\n"
        )


def _mode(found: Mapping[str, Any]) -> str:
    engine = found["powershell"]
    return f"scripts run in {engine}\n" if engine else "scripts are simulated\n"


@lab_app.command(epilog="Example: provisioner lab down")
def down(site: SiteOfLab = None, lab_state: flags.LabState = None, state: flags.State = None) -> None:
    """End the lab. Its machines stay as they are, for the next time."""
    _running(site, lab_state, state).down()
    complain("the lab has ended; its machines stay as they are\n")


@lab_app.command(epilog="Example: provisioner lab reset")
def reset(site: SiteOfLab = None, lab_state: flags.LabState = None, state: flags.State = None) -> None:
    """Make every machine factory-new again."""
    _running(site, lab_state, state).reset()
    complain("every machine is factory-new, and another machine than before to a saved plan\n")


@lab_app.command("set", epilog="Example: provisioner lab set control-room-1 clock/offset_ms 90000")
def set_(
    host: Host,
    place: Annotated[
        str,
        typer.Argument(
            metavar="PLACE", help="Like clock/offset_ms, or registry/HKLM\\SOFTWARE\\X/Name/data."
        ),
    ],
    value: Annotated[str, typer.Argument(metavar="VALUE", help="JSON, or text; null removes.")],
    site: SiteOfLab = None,
    lab_state: flags.LabState = None,
    state: flags.State = None,
) -> None:
    """Change a machine by hand, as a person at its keyboard would."""
    _running(site, lab_state, state).set_place(host, place, value)
    complain(f"{host}: {place} is {value} now\n")


@lab_app.command(epilog="Example: provisioner lab get control-room-1 clock/offset_ms")
def get(
    host: Host,
    place: Annotated[str, typer.Argument(metavar="PLACE", help="As for `lab set`.")],
    site: SiteOfLab = None,
    lab_state: flags.LabState = None,
    state: flags.State = None,
) -> None:
    """Show what stands at a place of a machine, as JSON."""
    say(json.dumps(_running(site, lab_state, state).place(host, place), indent=2) + "\n")


@lab_app.command(epilog="Example: provisioner lab fault refuse --host control-room-1 --argument 5")
def fault(
    effect: Annotated[
        str, typer.Argument(metavar="EFFECT", help="A name from docs/lab.md, or `clear` for none.")
    ],
    host: Annotated[str, typer.Option("--host", help="Which host; `*` for all.")] = "*",
    operation: Annotated[
        str, typer.Option("--operation", help="Which operation, like `receive`; `*` for any.")
    ] = "*",
    nth: Annotated[int, typer.Option("--nth", help="From which occurrence on.")] = 1,
    times: Annotated[int, typer.Option("--times", help="How often.")] = 1,
    argument: Annotated[
        str, typer.Option("--argument", help="Seconds, or a message, as the effect needs.")
    ] = "",
    site: SiteOfLab = None,
    lab_state: flags.LabState = None,
    state: flags.State = None,
) -> None:
    """Let something go wrong on purpose."""
    lab = _running(site, lab_state, state)
    if effect == "clear":
        lab.clear_faults()
        return
    where = {"host": host, "operation": operation, "nth": nth, "times": times}
    lab.fault(effect, **where, **({"argument": argument} if argument else {}))


@lab_app.command("pass", epilog="Example: provisioner lab pass 600 --host control-room-1")
def pass_(
    seconds: Annotated[float, typer.Argument(metavar="SECONDS", help="How much time is over at once.")],
    host: Annotated[str, typer.Option("--host", help="On which host; `*` for all.")] = "*",
    site: SiteOfLab = None,
    lab_state: flags.LabState = None,
    state: flags.State = None,
) -> None:
    """Let time pass on a machine: its clock goes on, and tasks act whose time has come."""
    _running(site, lab_state, state).let_pass(seconds, host)
    complain(f"{'every machine' if host == '*' else host}: {seconds:g} s have passed\n")


@lab_app.command(epilog="Example: provisioner lab power control-room-1 --off 30")
def power(
    host: Host,
    off: Annotated[float, typer.Option("--off", help="Seconds until it comes back.")] = 1.0,
    site: SiteOfLab = None,
    lab_state: flags.LabState = None,
    state: flags.State = None,
) -> None:
    """Cut the power of a machine; it comes back and starts."""
    _running(site, lab_state, state).cut_power(host, off)
    complain(f"{host}: the power is off for {off:g} s\n")


def _check_replaceable(endpoints: Path | None) -> None:
    """Only a file that a lab wrote may be written over. Raises `UsageError`."""
    from provisioner.errors import LabError, UsageError
    from provisioner.lab.join import from_file

    if endpoints is not None and endpoints.exists():
        try:
            from_file(endpoints)
        except LabError as error:
            raise UsageError(
                "there is another file of that name",
                where=str(endpoints),
                next_step="Choose another --endpoints.",
            ) from error


def _running(site: Path | None, lab_state: Path | None, state: Path | None) -> LabHandle:
    from provisioner.cli.contact import Options, lab_folder
    from provisioner.errors import LabError
    from provisioner.lab.join import join
    from provisioner.manifest.load import load
    from provisioner.records.paths import state_folder

    if site is None and lab_state is None:
        folders = sorted((state_folder(state) / "lab").glob("*/"))
        running = [(folder, lab) for folder in folders if (lab := join(folder)) is not None]
        if len(running) == 1:
            return running[0][1]
        names = ", ".join(folder.name for folder, _ in running) or "none"
        raise LabError(
            f"which lab is meant? Running: {names}.", next_step="Say --site SITE or --lab-state DIR."
        )
    name = load(site).name if site is not None else ""
    folder = lab_folder(name, Options(state=state, lab_state=lab_state))
    lab = join(folder)
    if lab is None:
        raise LabError("no lab serves this folder.", where=str(folder), next_step="Start one: lab up SITE.")
    return lab
