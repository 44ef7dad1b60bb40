"""From a run's journal to the look at the site that takes it back; `applying` does the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from provisioner.cli.contact import Options
from provisioner.cli.session import Look, look_at
from provisioner.errors import RefusedError, UsageError
from provisioner.records.history import find_journal, journal_rows
from provisioner.records.paths import state_folder
from provisioner.steps.reverse import Backwards, backwards


def what_to_take_back(run: str, options: Options) -> tuple[Backwards, Mapping[str, Any]]:
    """What that run touched, backwards, and the first row of its journal. Contacts nobody."""
    rows = journal_rows(find_journal(state_folder(options.state), run))
    began = rows[0]
    if "from" not in began:
        raise UsageError(
            f"run {began['run']} is of an earlier version, which did not keep what was there before",
            next_step="Set by hand what its journal names, or declare it in the manifest and apply.",
        )
    if began["lab"] != options.in_lab:
        was, here = ("in a lab", "on the real site") if began["lab"] else ("on the real site", "in a lab")
        raise RefusedError(
            f"run {began['run']} was made {was} and would be taken back {here}",
            next_step="Give the same --lab flags as when it was made.",
        )
    back = backwards(rows, str(began["run"]), options.only)
    _check_only(rows, str(began["run"]), options.only)
    return back, began


def look_back(back: Backwards, began: Mapping[str, Any], options: Options) -> Look:
    """The site as its manifest says it now, declaring on the hosts of the run what was there before."""
    path = Path(began["from"])
    if not path.exists():
        raise UsageError(
            f"run {back.run} was made from {path}, and that is not here",
            next_step="Put the site's folder back there; the manifest says how its hosts are reached.",
        )
    look = look_at(path, replace(options, only=()))
    if look.site.name != began["site"]["name"]:
        raise UsageError(
            f"run {back.run} was made of {began['site']['name']}, and this is another site now",
            where=str(path),
            next_step="Put the site's folder back there.",
        )
    hosts = {host.name: host for host in look.site.hosts}
    if gone := sorted(set(back.desired) - set(hosts)):
        raise UsageError(
            f"run {back.run} wrote on {', '.join(gone)}, and the manifest has no such host any more",
            where=str(path),
            next_step="Put it back into the manifest, or name the others with --only.",
        )
    declaring = tuple(
        replace(host, resources=tuple(back.desired[name]))
        for name, host in hosts.items()
        if name in back.desired
    )
    return replace(look, hosts=declaring, back=back)


def _check_only(rows: Sequence[Mapping[str, Any]], run: str, only: Sequence[str]) -> None:
    touched = [str(row["host"]) for row in rows if row["happened"] == "before"]
    for name in only:
        if name not in touched:
            there = f"It did on: {', '.join(touched)}." if touched else "It wrote nowhere."
            raise UsageError(f"--only {name}: run {run} wrote nothing there", next_step=there)
