"""One host's part of an apply: its batch, what is heard of it, and the reading back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from threading import Event as Flag
from typing import Any

from pydantic import JsonValue

from provisioner.errors import (
    BatchStoppedError,
    ConversationError,
    HeldError,
    HostError,
    NobodyThereError,
    ProvisionerError,
    ScriptError,
    UnreachableError,
)
from provisioner.resources.base import Ask, Change, Facts, Observed, Reply, Resource
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
from provisioner.resources.host_facts import HostFacts
from provisioner.steps.events import Event, Happened, Record
from provisioner.steps.items import address, asked
from provisioner.steps.pace import REAL, Pace
from provisioner.steps.plan import TAKEN_BACK, plan_item
from provisioner.steps.plan_value import Action, Item, Run
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
        facts: HostFacts,
        line: ChangingLine,
        record: Record,
        stop: Flag,
        taken_back: Mapping[str, Facts] | None,
        pace: Pace,
    ) -> None:
        self.name = name
        self.line = line
        self.live = live
        self.facts = facts
        self.broken = False
        """A host that stopped answering, or is held by another run, gets nothing more."""
        self.undone: set[str] = set()
        self.undone_elsewhere: set[str] = set()
        self.resources = resources
        self._by_address = {address(name, r.kind, r.key): r for r in resources}
        self._run = run.id
        self._commit = run.commit
        self._items = {item.address: item for item in items}
        self.stop = stop
        self._record = record
        self._taken_back = taken_back
        self.pace = pace
        """Its time while it changes its network; simulated hosts let it pass at once."""
        self.fresh_connection = False
        """Whether this connection has carried little yet, so that a restart may go over it too."""
        self.no_restart = ""
        """Why this run may not restart the host, if it may not."""
        self.fired: dict[str, Change] = {}
        """What was sent, by address."""
        self._sent: set[str] = set()
        self._heard: set[str] = set()

    def recorded(self, events: Iterator[Event]) -> Iterator[Event]:
        """The same events, each in the journal before anybody sees it."""
        for event in events:
            self._record(event.as_row())
            yield event

    def tell(self, happened: Happened, **said: object) -> Event:
        """An event of this host, in the journal before anybody sees it."""
        event = Event(happened, self.name, **said)  # type: ignore[arg-type]
        self._record(event.as_row())
        return event

    def send(self, steps: tuple[Step, ...], applied: Applied | None = None) -> Iterator[News]:
        """One batch under the host's mutex; its intent is on disk before it leaves."""
        intent = [{"id": step.id, "script": step.change.script, "verb": step.change.verb} for step in steps]
        self._record({"happened": "intent", "host": self.name, "steps": intent})
        yield from self.line.change(Batch(self.facts.machine_guid, steps, (), applied))

    def read_back(self) -> Iterator[LeftOverTaken]:
        """Remove the run file and read everything declared here; the result is `self.live`."""
        taken: list[LeftOverTaken] = []

        def send(calls: Sequence[Ask]) -> Sequence[Reply | ScriptError]:
            return self._ask_under_mutex(calls, taken)

        live = read_host_live(self.name, self.resources, self.line, send)
        if live.facts is None:
            error = live.error
            raise error if isinstance(error, HostError) else HostError(str(error), where=self.name)
        self.live, self.facts = live, live.facts
        yield from taken

    def items_now(self) -> list[Item]:
        """The plan of this host by its last reading."""
        return [plan_item(self.name, resource, self.live) for resource in self.resources]

    def steps(self, addresses: Sequence[str]) -> tuple[Step, ...]:
        """The writes of these items, in their order."""
        return tuple(self._step(where, addresses) for where in addresses)

    def resource(self, where: str) -> Resource:
        """What is declared at this address."""
        return self._by_address[where]

    def blocked(self, addresses: Sequence[str]) -> list[str]:
        """Those that need something of another host that is not done."""
        return [where for where in addresses if self.undone_elsewhere & set(self._by_address[where].needs)]

    def given_up(
        self, happened: Happened, error: ProvisionerError, addresses: Sequence[str]
    ) -> Iterator[Event]:
        """This host gets nothing more, and these are not done."""
        self.broken = True
        self.undone |= set(addresses)
        yield Event(happened, self.name, what=error.what, next_step=error.next_step)

    def heard_done(self, where: str) -> bool:
        """Whether this step was sent, and no word came that it did not happen."""
        return where in self._sent and where not in self.undone

    def send_and_hear(self, addresses: Sequence[str]) -> Iterator[Event]:
        """Send the batch for these items and tell its news."""
        if not addresses or self.stop.is_set():
            return
        steps = self.steps(addresses)
        self.fired |= {step.id: step.change for step in steps}
        yield Event(Happened.SENDING, self.name, what=f"{len(steps)}")
        try:
            # What its host may yet take back is recorded when it is confirmed.
            lasting = [where for where in addresses if not self._by_address[where].transactional]
            for news in self.send(steps, self.applied(lasting)):
                yield from self.told(news)
        except BatchStoppedError as error:
            yield Event(Happened.HOST_FAILED, self.name, what=error.what, next_step=error.next_step)
        except NobodyThereError:
            self._sent -= set(addresses)
            raise
        except (UnreachableError, ConversationError) as error:
            yield Event(Happened.CONNECTION_LOST, self.name, what=error.what)
            self.line.abandon()

    def verify(self, addresses: Sequence[str]) -> Iterator[Event]:
        """Read back, and say what is as declared now.

        Also after a lost connection: then the batch may still run, so wait for its end.
        """
        try:
            for taken in self._read_back_patiently():
                yield from self.told(taken)
        except (HostError, HeldError) as error:
            self.broken = True
            for where in self._sent & set(addresses):
                yield from self._unknown(where, f"not read back: {error.what}")
            if not self._sent:
                happened = Happened.HOST_REFUSED if isinstance(error, HeldError) else Happened.HOST_FAILED
                yield Event(happened, self.name, what=error.what, next_step=error.next_step)
            return
        now = {item.address: item for item in self.items_now()}
        for where in (where for where in addresses if where in self._sent and where not in self.undone):
            yield from self._judged(now[where])

    def _judged(self, item: Item) -> Iterator[Event]:
        if item.action is Action.KEEP:
            yield Event(Happened.VERIFIED, self.name, item.address, what=item.restart)
        elif item.action is Action.UNKNOWN:
            yield from self._unknown(item.address, item.what)
        elif item.address not in self._heard:
            yield from self._unknown(item.address, "no word of it came back; it may still run there")
        else:
            self.undone.add(item.address)
            fields = tuple(change.field for change in item.changes)
            yield Event(Happened.NOT_VERIFIED, self.name, item.address, what=item.what, fields=fields)

    def _unknown(self, where: str, what: str) -> Iterator[Event]:
        if where not in self.undone:
            self.undone.add(where)
            yield Event(Happened.UNKNOWN, self.name, where, what=what, next_step="Plan again.")

    def _read_back_patiently(self) -> Iterator[LeftOverTaken]:
        """As `read_back`; a lost batch holds the machine until it ends, its results in the run file."""
        deadline = REAL.now() + RECOVER_SECONDS
        while True:
            try:
                yield from self.read_back()
                return
            except (HeldError, UnreachableError, ConversationError):
                if REAL.now() > deadline or not self._sent:
                    raise
            # This shell is the reading's own; the batch's was left alone. Each one left behind counts
            # against the account's 30 (MaxShellsPerUser).
            self.line.hang_up()
            REAL.sleep(1)

    def told(self, news: News) -> Iterator[Event]:
        """What there is to say of it."""
        match news:
            case StepResult():
                yield from self._step_event(news)
            case LeftOverTaken(run=self._run):
                for result in news.results:
                    yield from self._step_event(result)
            case LeftOverTaken():
                done = ", ".join(f"{row.id} {row.state}" for row in news.results) or "nothing finished"
                yield Event(Happened.LEFT_OVER_TAKEN, self.name, what=done, run=news.run)
            case Answers():
                pass

    def _step_event(self, result: StepResult) -> Iterator[Event]:
        if result.id in self._heard or result.id not in self._sent:
            return
        self._heard.add(result.id)
        if result.state != "done":
            self.undone.add(result.id)
        what = result.what or (f"{result.needs} is not done" if result.needs else "")
        yield Event(STATES[result.state], self.name, result.id, what=what, fields=result.moved)

    def _ask_under_mutex(
        self, calls: Sequence[Ask], taken: list[LeftOverTaken]
    ) -> Sequence[Reply | ScriptError]:
        replies: Sequence[Reply | ScriptError] = ()
        for news in self.line.change(Batch(self.facts.machine_guid, (), tuple(calls))):
            if isinstance(news, LeftOverTaken):
                taken.append(news)
            elif isinstance(news, Answers):
                replies = news.replies
        return replies

    def _step(self, where: str, batch: Sequence[str]) -> Step:
        item, resource = self._items[where], self._by_address[where]
        seen = self.live.observed.get(where) or Observed({}, {}, present=False)
        match item.action:
            case Action.CREATE:
                talk = resource.create()
            case Action.DELETE:
                talk = resource.delete(seen)
            case _:
                talk = resource.update(seen)
        needs = tuple(need for need in resource.needs if need in batch)
        self._sent.add(where)
        return Step(where, next(talk), needs, asked(resource), seen.rests_on)

    def applied(self, batch: Sequence[str]) -> Applied:
        """What was recorded before, what is as declared now, and of this batch what the host does."""
        items = {where: facts for where, facts in self._recorded().items() if isinstance(facts, dict)}
        good = {where for where, item in self._items.items() if item.action is Action.KEEP} | set(batch)
        return Applied(self._commit, items | {where: self._to_record(where) for where in good})

    def _recorded(self) -> Mapping[str, Any]:
        """Of what is declared; a rollback declares only what it takes back, and the rest stays."""
        found = self.facts.applied.get("items", {})
        before: Mapping[str, Any] = found if isinstance(found, dict) else {}
        if self._taken_back is not None:
            return before
        return {where: before[where] for where in self._by_address if where in before}

    def _to_record(self, where: str) -> dict[str, JsonValue]:
        facts = dict(self._by_address[where].facts())
        if self._taken_back is None:
            return facts
        return facts | {TAKEN_BACK: dict(self._taken_back[where])}
