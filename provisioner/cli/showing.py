"""Runs a verb's steps and hands their values to the view that was chosen."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from provisioner.cli.applying import Ended, Show, apply_target, roll_back
from provisioner.cli.contact import Options
from provisioner.cli.flags import Format, Restart
from provisioner.cli.output import complain, say
from provisioner.cli.session import plan_only
from provisioner.manifest.load import load
from provisioner.records.history import past_runs
from provisioner.records.paths import state_folder
from provisioner.records.plans import save_plan
from provisioner.steps import exits
from provisioner.steps.plan_value import Plan
from provisioner.views.human import Human
from provisioner.views.json import Json


def look_and_show(
    site: Path,
    options: Options,
    out: Path | None,
    format: Format,
    verbose: int,
    *,
    drift: bool,
    reverse: bool = False,
) -> int:
    """`plan` and `drift`."""
    from provisioner.cli.output import view_for

    plan = plan_only(site, options, reverse=reverse)
    if out is not None:
        save_plan(out, plan.model_dump(mode="json"))
    say(view_for(format, verbose).plan(plan, drift=drift))
    if format is Format.HUMAN and not drift:
        _hint(plan, site, options, out)
    return exits.of_plan(plan)


def _hint(plan: Plan, site: Path, options: Options, out: Path | None) -> None:
    """What to type next, with the flags that lead to the same hosts."""
    flags = [f"--only {name}" for name in options.only] if out is None else []
    flags += ["--lab"] if options.lab else []
    named = {
        "--lab-state": options.lab_state,
        "--lab-endpoints": options.lab_endpoints,
        "--state": options.state,
    }
    flags += [f"{flag} {path}" for flag, path in named.items() if path is not None]
    command = " ".join(["provisioner apply", str(site if out is None else out), *flags])
    if out is not None:
        complain(f"saved; apply exactly this with: {command}\n")
    elif plan.writes:
        complain(f"apply it with: {command}\n")


def apply_and_show(
    target: Path, options: Options, yes: bool, restart: Restart, format: Format, verbose: int
) -> int:
    """`apply`."""
    return _shown(format, verbose, partial(apply_target, target, options, yes=yes, restart=restart))


def roll_back_and_show(
    run: str, options: Options, yes: bool, restart: Restart, format: Format, verbose: int
) -> int:
    """`rollback`."""
    return _shown(format, verbose, partial(roll_back, run, options, yes=yes, restart=restart))


def show_history(site: Path, state: Path | None, format: Format) -> int:
    """`history`."""
    from provisioner.cli.output import view_for

    name = load(site).name
    say(view_for(format).history(name, past_runs(state_folder(state), name)))
    return exits.IN_SYNC


def _shown(format: Format, verbose: int, do: Callable[..., Ended]) -> int:
    from provisioner.cli.output import view_for

    view = view_for(format, verbose)
    show = Show(
        plan=lambda plan: say(view.applied_plan(plan) if isinstance(view, Json) else view.plan(plan) + "\n"),
        event=lambda event: say(view.event(event)),
    )
    ended = do(show=show)
    _show_end(view, ended)
    return ended.code


def _show_end(view: Human | Json, ended: Ended) -> None:
    meaning = exits.MEANING[ended.code]
    if isinstance(view, Json):
        wire = {name: row.model_dump(mode="json") for name, row in ended.wire.items()}
        say(view.ended(ended.code, meaning, {"id": ended.run, "wire": wire}))
        return
    say(view.ended(ended.code, meaning))
    if ended.journal is not None:
        complain(f"run {ended.run}; journal {ended.journal}\n")
