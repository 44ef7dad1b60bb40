"""One host's part of an apply: its batch, what is heard of it, and the reading back."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from provisioner.errors import ConversationError, HeldError, HostError, ScriptError, UnreachableError
from provisioner.resources.base import Ask, Observed, Reply, Resource
from provisioner.resources.conversation import (
    Answers,
    Applied,
    Batch,
    ChangingLine,
    LeftOverTaken,
    News,
    Step,
    StepResult,
)
from provisioner.steps.events import Event, Happened, Record
from provisioner.steps.items import address
from provisioner.steps.plan import plan_item
from provisioner.steps.plan_value import WRITING, Action, Item, Run
from provisioner.steps.read import HostLive, read_host_live

STATES = {
    "done": Happened.STEP_DONE,
    "failed": Happened.STEP_FAILED,
    "skipped": Happened.STEP_SKIPPED,
    "moved": Happened.STEP_MOVED,
}
RECOVER_SECONDS = 120
"""How long a lost batch may go on before we stop asking whether it has ended."""


class HostApply:
    """The state of one host during an apply. Used by one thread at a time."""

    def __init__(
        self,
        name: str,
        run: Run,
        items: Sequence[Item],
        resources: Sequence[Resource],
        live: HostLive,
        line: ChangingLine,
        record: Record,
    ) -> None:
        self.name = name
        self.line = line
        self.live = live
        self.broken = False
        """A host that stopped answering, or is held by another run, gets nothing more."""
        self.undone: set[str] = set()
        self.undone_elsewhere: set[str] = set()
        self.resources = resources
        self._by_address = {address(name, r.kind, r.key): r for r in resources}
        self._run = run.id
        self._commit = run.commit
        self._items = {item.address: item for item in items}
        self._record = record

    def run(self, addresses: Sequence[str]) -> Iterator[Event]:
        """Send the batch for these items, tell its news, read back, and say what is as declared now."""
        for event in self._run_batch(addresses):
            self._record(event.as_row())
            yield event

    def tell(self, happened: Happened, **said: object) -> Event:
        """An event of this host, in the journal before anybody sees it."""
        event = Event(happened, self.name, **said)  # type: ignore[arg-type]
        self._record(event.as_row())
        return event

    def send(self, steps: tuple[Step, ...], applied: Applied | None = None) -> Iterator[News]:
        """One batch under the host's mutex; its intent is on disk before it leaves."""
        assert self.live.facts is not None
        intent = [{"id": step.id, "script": step.change.script, "verb": step.change.verb} for step in steps]
        self._record({"happened": "intent", "host": self.name, "steps": intent})
        yield from self.line.change(Batch(self.live.facts.machine_guid, steps, (), applied))

    def read_back(self) -> Iterator[LeftOverTaken]:
        """Remove the run file and read everything declared here; the result is `self.live`."""
        taken: list[LeftOverTaken] = []
        live = read_host_live(self.name, self.resources, lambda calls: self._ask_under_mutex(calls, taken))
        if isinstance(live.error, HostError):
            raise live.error
        self.live = live
        yield from taken

    def items_now(self) -> list[Item]:
        """The plan of this host by its last reading."""
        return [plan_item(self.name, resource, self.live) for resource in self.resources]

    def steps(self, addresses: Sequence[str]) -> tuple[Step, ...]:
        """The writes of these items, in their order."""
        return tuple(self._step(where, addresses) for where in addresses)

    def _run_batch(self, addresses: Sequence[str]) -> Iterator[Event]:
        blocked = [where for where in addresses if self.undone_elsewhere & set(self._by_address[where].needs)]
        for where in blocked:
            self.undone.add(where)
            yield Event(
                Happened.STEP_SKIPPED, self.name, where, what="what it needs on another host is not done"
            )
        addresses = [where for where in addresses if where not in blocked]
        try:
            yield from self._send_and_hear(addresses)
            yield from self._verify(addresses)
        except HeldError as error:
            self.broken = True
            yield Event(Happened.HOST_REFUSED, self.name, what=error.what, next_step=error.next_step)
        except HostError as error:
            self.broken = True
            yield Event(Happened.HOST_FAILED, self.name, what=error.what, next_step=error.next_step)
        if self.broken:
            self.undone |= set(addresses)

    def _send_and_hear(self, addresses: Sequence[str]) -> Iterator[Event]:
        steps = self.steps(addresses)
        if not steps:
            return
        yield Event(Happened.BATCH_SENT, self.name, what=f"{len(steps)}")
        heard: set[str] = set()
        try:
            for news in self.send(steps, self._applied()):
                yield from self._event(news, heard)
        except (UnreachableError, ConversationError) as error:
            yield Event(Happened.CONNECTION_LOST, self.name, what=error.what)
            yield from self._recover(heard)

    def _recover(self, heard: set[str]) -> Iterator[Event]:
        """The batch goes on without us: wait for its end, then take its results from the run file."""
        deadline = time.monotonic() + RECOVER_SECONDS
        while True:
            self.line.abandon()
            try:
                for taken in self.read_back():
                    yield from self._event(taken, heard)
                return
            except (HeldError, UnreachableError, ConversationError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(1)

    def _event(self, news: News, heard: set[str]) -> Iterator[Event]:
        match news:
            case StepResult():
                yield from self._step_event(news, heard)
            case LeftOverTaken(run=self._run):
                for result in news.results:
                    yield from self._step_event(result, heard)
            case LeftOverTaken():
                done = ", ".join(f"{row.id} {row.state}" for row in news.results) or "nothing finished"
                yield Event(Happened.LEFT_OVER_TAKEN, self.name, what=done, run=news.run)
            case Answers():
                pass

    def _step_event(self, result: StepResult, heard: set[str]) -> Iterator[Event]:
        if result.id in heard:
            return
        heard.add(result.id)
        if result.state != "done":
            self.undone.add(result.id)
        what = result.what or (f"{result.needs} is not done" if result.needs else "")
        yield Event(STATES[result.state], self.name, result.id, what=what, fields=result.moved)

    def _verify(self, addresses: Sequence[str]) -> Iterator[Event]:
        for taken in self.read_back():
            yield from self._event(taken, set(addresses) | self.undone)
        now = {item.address: item for item in self.items_now()}
        for where in addresses:
            if where in self.undone:
                continue
            item = now[where]
            if item.action is Action.KEEP:
                yield Event(Happened.VERIFIED, self.name, where, what=item.restart)
            else:
                self.undone.add(where)
                fields = tuple(change.field for change in item.changes)
                yield Event(Happened.NOT_VERIFIED, self.name, where, what=item.what, fields=fields)

    def _ask_under_mutex(
        self, calls: Sequence[Ask], taken: list[LeftOverTaken]
    ) -> Sequence[Reply | ScriptError]:
        assert self.live.facts is not None
        replies: Sequence[Reply | ScriptError] = ()
        for news in self.line.change(Batch(self.live.facts.machine_guid, (), tuple(calls))):
            if isinstance(news, LeftOverTaken):
                taken.append(news)
            elif isinstance(news, Answers):
                replies = news.replies
        return replies

    def _step(self, where: str, batch: Sequence[str]) -> Step:
        item, resource = self._items[where], self._by_address[where]
        seen = self.live.observed.get(where) or Observed({}, item.rests_on, present=False)
        match item.action:
            case Action.CREATE:
                talk = resource.create()
            case Action.DELETE:
                talk = resource.delete(seen)
            case _:
                talk = resource.update(seen)
        needs = tuple(need for need in resource.needs if need in batch)
        ask = next(type(resource).read([resource]))
        return Step(where, next(talk), needs, ask, item.rests_on)

    def _applied(self) -> Applied:
        """The record of everything that is or will be as declared here. Failed steps are left out there."""
        good = {Action.KEEP, *WRITING}
        items = {w: dict(self._by_address[w].facts()) for w, i in self._items.items() if i.action in good}
        return Applied(self._commit, items)
