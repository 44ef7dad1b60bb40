"""Values to text for a person at a terminal. Width and colour are arguments, nothing is read from outside."""

from __future__ import annotations

from collections.abc import Sequence

from provisioner.errors import ManifestError, ProvisionerError
from provisioner.manifest.complaint import Complaint
from provisioner.records.history import PastRun
from provisioner.steps.events import FAILURES, REFUSALS, Event, Happened
from provisioner.steps.plan_value import Action, Item, Plan, PlannedHost, Remains, Reverse
from provisioner.views.host_lines import about
from provisioner.views.words import (
    CAUSE,
    HAPPENED,
    LONGEST_SAID,
    REASON,
    RISK,
    SIGN,
    counted,
    plain,
    said,
    value,
)

MOST_COMPLAINTS = 200

_COLOUR = {
    Action.CREATE: "32",
    Action.UPDATE: "33",
    Action.DELETE: "31",
    Action.REFUSED: "31",
    Action.UNKNOWN: "35",
    Action.OPERATOR_STEP: "36",
}


class Human:
    """The view for people. `colour` paints signs and failures with ANSI codes."""

    def __init__(self, *, colour: bool = False, verbose: int = 0) -> None:
        self._colour = colour
        self._verbose = verbose

    def plan(self, plan: Plan, *, drift: bool = False) -> str:
        """Hosts with what differs, then the totals, then what to do next."""
        items = plan.by_host()
        parts = [self._host(host, items[host.name], drift=drift) for host in plan.hosts]
        parts += _remains(plan.remains)
        title = "Drift" if drift else "Rollback" if plan.run.takes_back else "Plan"
        left = sum(bool(host.left_over) for host in plan.hosts)
        taken = f", {_many(left, 'interrupted run')} to take over" if left else ""
        parts.append(f"{title} of {plain(plan.site.name)}: {counted(dict(plan.summary))}{taken}.")
        if plan.reverse is not None:
            parts += self._reverse(plan.reverse)
        if self._verbose:
            parts.append(self._wire(plan))
        return "\n\n".join(parts) + "\n"

    def history(self, site: str, runs: Sequence[PastRun]) -> str:
        """One line per run, oldest first."""
        lines = [_past_run(run) for run in runs] or [f"{plain(site)}: no run has kept a journal here."]
        return "\n".join(lines) + "\n"

    def event(self, event: Event) -> str:
        """One line, with what to do below it where something went wrong."""
        where = event.address or event.host
        words = HAPPENED[event.happened]
        if event.happened in FAILURES | REFUSALS | {Happened.HOST_FAILED, Happened.UNKNOWN}:
            words = self._paint(words, "31")
        notes = [part for part in (self._detail(event), ", ".join(map(plain, event.fields))) if part]
        line = f"  {plain(where)}: {words}" + (f" ({'; '.join(notes)})" if notes else "")
        return line + (f"\n      {plain(event.next_step)}" if event.next_step else "") + "\n"

    def error(self, error: ProvisionerError) -> str:
        """What, where, and what to do; a manifest's complaints each with their line."""
        if isinstance(error, ManifestError) and error.complaints:
            return self.complaints([c for c in error.complaints if isinstance(c, Complaint)])
        where = f"{plain(error.where)}: " if error.where else ""
        hint = f"\n  {plain(error.next_step)}" if error.next_step else ""
        return f"{self._paint('error', '31')}: {where}{said(error.what)}{hint}\n"

    def complaints(self, complaints: Sequence[Complaint]) -> str:
        """All faults of a manifest, in file order, with the line and a mark under the place."""
        parts = [self._complaint(complaint) for complaint in complaints]
        capped = any(complaint.code == "more" for complaint in complaints)
        faults = f"more than {MOST_COMPLAINTS} faults" if capped else _many(len(complaints), "fault")
        return "\n".join([*parts, f"{faults}; no host was contacted."]) + "\n"

    def valid(self, name: str, hosts: int, items: int) -> str:
        """The manifest has no fault."""
        return f"{plain(name)}: valid; {_many(hosts, 'host')}, {_many(items, 'setting')}.\n"

    def ended(self, code: int, meaning: str) -> str:
        """The last line of an apply."""
        return f"\n{self._paint('Ended', '1')}: {meaning} (exit {code}).\n"

    def _complaint(self, complaint: Complaint) -> str:
        place = f"{plain(complaint.file)}:{complaint.line}:{complaint.column}"
        lines = [f"{self._paint(place, '1')}: {plain(complaint.what)} [{complaint.code}]"]
        if complaint.text:
            lines.append(f"    {said(complaint.text)}")
        if complaint.column <= min(len(complaint.text), LONGEST_SAID):
            lines.append("    " + " " * (complaint.column - 1) + "^")
        if complaint.next_step:
            lines.append(f"    {plain(complaint.next_step)}")
        return "\n".join(lines) + "\n"

    def _host(self, host: PlannedHost, items: Sequence[Item], *, drift: bool) -> str:
        if host.state != "answered":
            what = f"{self._paint('?', '35')} {said(host.what)}"
            return f"{plain(host.name)}\n  {what}\n      {plain(host.next_step)}".rstrip()
        lines = [plain(host.name)]
        if host.left_over:
            lines.append(
                f"  ~ an interrupted run ({plain(host.left_over)}) left its run file; apply takes it over"
            )
        lines += [f"  {line}" for line in about(host.facts, whole=bool(self._verbose))]
        if host.network_change == "pending":
            lines.append("  ? a change of its network waits for its confirmation, or takes itself back")
        if host.network_change == "unknown":
            lines.append("  ? whether a change of its network is pending could not be read")
        if host.network_change == "ended":
            why = f" ({said(host.network_change_what)})" if host.network_change_what else ""
            lines.append(f"  ~ a change of its network was taken back{why}; apply clears it away")
        kept = [item for item in items if _as_declared(item)]
        told: set[str] = set()
        lines += [line for item in items if item not in kept for line in self._item(item, told, drift=drift)]
        if kept:
            lines.append("  = as declared: " + ", ".join(plain(_short(item)) for item in kept))
        return "\n".join(lines)

    def _item(self, item: Item, told: set[str], *, drift: bool) -> list[str]:
        """`told` is what was said of an item before: what refuses all of a host is said once."""
        sign = self._paint(SIGN[item.action], _COLOUR.get(item.action, "0"))
        notes = [REASON[item.reason]] if item.action in (Action.KEEP, Action.REFUSED, Action.UNKNOWN) else []
        notes += [RISK[risk] for risk in item.risks]
        notes += [CAUSE[item.cause]] if drift and item.cause else []
        lines = [f"  {sign} {plain(_short(item))}" + (f"  ({', '.join(notes)})" if notes else "")]
        lines += [f"      {c.field}: {value(c.before)} -> {value(c.after)}" for c in item.changes]
        new = [text for text in (item.what, item.next_step) if text not in told]
        told.update(new)
        return lines + [f"      {said(text)}" for text in (*new, *item.notes) if text]

    def _reverse(self, reverse: Reverse) -> list[str]:
        """As the plan of that rollback, with what it would leave."""
        hosts: dict[str, list[str]] = {}
        for item in reverse.items:
            hosts.setdefault(item.host, [plain(item.host)]).extend(self._item(item, set(), drift=False))
        if not hosts and not reverse.remains:
            return []
        title = "The reverse, as `provisioner rollback` of this apply would show it:"
        return [title, *("\n".join(lines) for lines in hosts.values()), *_remains(reverse.remains)]

    def _wire(self, plan: Plan) -> str:
        rows = [
            f"  {plain(name)} at {', '.join(map(plain, wire.addresses))}: {wire.requests} requests "
            f"(+{wire.extra}), {_many(wire.connections, 'connection')}, "
            f"{wire.bytes_sent} bytes out, {wire.bytes_received} in"
            for name, wire in plan.run.wire.items()
        ]
        return "\n".join(["On the wire:", *rows])

    def _detail(self, event: Event) -> str:
        if event.happened is Happened.SENDING:
            return _many(int(event.what), "change")
        if event.happened is Happened.VERIFIED:
            return "takes effect with the restart" if event.what == "pending" else ""
        return said(f"{event.run}: {event.what}" if event.run else event.what)

    def _paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text


def _as_declared(item: Item) -> bool:
    """Nothing to say but its name."""
    return item.action is Action.KEEP and item.restart == "no" and not item.notes


def _remains(rows: Sequence[Remains]) -> list[str]:
    """One part, or none."""
    lines = [f"  > {plain(row.address)}  {_remaining(row)}" for row in rows]
    return ["\n".join(["Cannot be taken back:", *lines])] if lines else []


def _remaining(row: Remains) -> str:
    if not row.field:
        return said(row.what)
    if row.before is None:
        return f"{plain(row.field)}: {said(row.what)}"
    return f"{plain(row.field)} was {value(row.before)}; {said(row.what)}"


def _past_run(run: PastRun) -> str:
    ended = "did not come to its end" if run.exit_code is None else f"exit {run.exit_code}"
    back = f", takes back {plain(run.takes_back)}" if run.takes_back else ""
    return f"{plain(run.run)}  {plain(run.began[:19])}  {ended}, {_many(run.changes, 'change')}{back}"


def _short(item: Item) -> str:
    return item.address.removeprefix(f"{item.host}/")


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
