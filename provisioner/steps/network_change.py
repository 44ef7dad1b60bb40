"""Following a host to its new address: wait until it answers there, prove that it is the same, confirm.

The change itself runs on the host in a task of the system, and another task takes it back unless we confirm
in time (design, section 5). So there is nothing to undo from here: whoever loses the way only has to wait.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from provisioner.errors import HostError, ScriptError
from provisioner.resources.conversation import Step, StepResult
from provisioner.resources.host_facts import HostFacts
from provisioner.resources.network import ENDED, Network, confirm, forget
from provisioner.steps.events import Event, Happened
from provisioner.steps.host_apply import HostApply
from provisioner.steps.items import asked
from provisioner.steps.polling import Heard, Poll
from provisioner.steps.talk import converse

POLL_SECONDS = 3.0
SPARE_SECONDS = 30.0
"""We stop trying to confirm that long before the host takes the change back: no race with its timer."""
GRACE_SECONDS = 90.0
"""How long after its timer a host may take to be back at its old address."""


@dataclass(frozen=True)
class Moving:
    """A change that was fired: its item, and by when the host takes it back."""

    where: str
    network: Network
    transaction: str
    fired_at: float
    confirm_seconds: float


def follow(host: HostApply, moving: Moving) -> Iterator[Event]:
    """Confirm the change at the new address, or wait until it was taken back. Raises `HostError`."""
    host.line.hang_up()
    minutes = round(moving.confirm_seconds / 60)
    yield Event(
        Happened.NETWORK_CHANGING,
        host=host.name,
        address=moving.where,
        what=f"it takes the change back by itself unless we reach it within {minutes} min",
    )
    heard = _wait_for_it(host, moving)
    if host.stop.is_set() and not _is_there(heard, host):
        yield from _left_alone(host, moving)
    elif heard is not None and _is_there(heard, host):
        yield from _confirm(host, moving, heard)
    else:
        yield from _taken_back(host, moving, heard)


def _is_there(heard: Heard | None, host: HostApply) -> bool:
    """Whether it answers where it is declared to answer, with the change made."""
    if heard is None:
        return False
    change = heard.facts.network_change or {}
    return change.get("state") == "changed" and heard.address == host.line.way_in.addresses[0]


def _has_ended(heard: Heard | None) -> bool:
    change = (heard.facts.network_change if heard else None) or {}
    return change.get("state") in ENDED


def _wait_for_it(host: HostApply, moving: Moving) -> Heard | None:
    """The last answer, once it is there or has given up by itself; None where nobody answered in time."""
    poll = Poll(host.line, host.facts.machine_guid)
    last = moving.fired_at + moving.confirm_seconds - SPARE_SECONDS
    heard: Heard | None = None
    while host.pace.now() < last and not host.stop.is_set():
        heard = poll.ask(Network.read([moving.network]))
        if _is_there(heard, host) or _has_ended(heard):
            return heard
        host.line.hang_up()
        host.pace.sleep(POLL_SECONDS)
    return None


def _confirm(host: HostApply, moving: Moving, heard: Heard) -> Iterator[Event]:
    change = next(confirm(moving.transaction))
    rests_on = heard.observed[""].rests_on
    step = Step(f"{moving.where}/confirm", change, (), asked(moving.network), rests_on)
    host.facts = heard.facts
    failed = [
        news
        for news in host.send((step,), host.applied([moving.where]))
        if isinstance(news, StepResult) and news.state != "done"
    ]
    if failed:
        host.line.hang_up()
        yield from _taken_back(host, moving, None, failed[0].what)
        return
    host.fresh_connection = True
    yield Event(Happened.NETWORK_CONFIRMED, host.name, moving.where, what=heard.address)


def _taken_back(host: HostApply, moving: Moving, heard: Heard | None, why: str = "") -> Iterator[Event]:
    """Wait until the host is back, then say so: a revert that fired is a failure of the run."""
    if not _has_ended(heard):
        yield Event(
            Happened.NETWORK_LOST,
            host=host.name,
            address=moving.where,
            what="it does not answer as declared; waiting until it takes the change back",
        )
        heard = _wait_for_revert(host, moving)
    if heard is None:
        raise HostError(
            "it answers neither at its new nor at its old address",
            where=host.name,
            next_step="Look at its screen and its cable; it takes the change back at its next start too.",
        )
    host.undone.add(moving.where)
    host.no_restart = "its network change was taken back"
    said = why or str((heard.facts.network_change or {}).get("what", ""))
    yield Event(
        Happened.NETWORK_REVERTED,
        host=host.name,
        address=moving.where,
        what=said or "nobody confirmed it in time",
        next_step="It has its old address again. Correct the declared network, then plan again.",
    )


def _wait_for_revert(host: HostApply, moving: Moving) -> Heard | None:
    poll = Poll(host.line, host.facts.machine_guid)
    last = moving.fired_at + moving.confirm_seconds + GRACE_SECONDS
    while host.pace.now() < last:
        heard = poll.ask()
        if _has_ended(heard):
            return heard
        host.line.hang_up()
        if host.stop.is_set():
            return None
        host.pace.sleep(POLL_SECONDS)
    return None


def _left_alone(host: HostApply, moving: Moving) -> Iterator[Event]:
    host.broken = True
    host.undone.add(moving.where)
    yield Event(
        Happened.UNKNOWN,
        host=host.name,
        address=moving.where,
        what="interrupted before the network change was confirmed; the host takes it back by itself",
        next_step=f"Plan again in {round(moving.confirm_seconds / 60) + 1} min.",
    )


def ended_change(facts: HostFacts) -> bool:
    """Whether an earlier change was taken back, and what is left of it still lies on the host."""
    return (facts.network_change or {}).get("state") in ENDED


def forget_ended(host: HostApply) -> Iterator[Event]:
    """Clear that away. Raises `HostError`."""
    declared = (resource for resource in host.resources if isinstance(resource, Network))
    network = next(declared, Network())
    found = converse({"": Network.read([network])}, host.line.ask)[""]
    if isinstance(found, ScriptError):
        return
    step = Step(f"{host.name}/network/forget", next(forget()), (), asked(network), found[""].rests_on)
    change = host.facts.network_change or {}
    for news in host.send((step,)):
        if isinstance(news, StepResult) and news.state == "done":
            said = f"its network change {change.get('state')}: {change.get('what', '')}"
            yield Event(Happened.LEFT_OVER_TAKEN, host.name, what=said, run=str(change.get("id", "")))
