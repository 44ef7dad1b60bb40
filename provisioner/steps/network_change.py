"""Following a host to its new address: wait until it answers there, prove that it is the same, confirm.

The change itself runs on the host in a task of the system, and another task takes it back unless we confirm
in time (design, section 5). So there is nothing to undo from here: whoever loses the way only has to wait.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from provisioner.errors import (
    BatchStoppedError,
    ConversationError,
    HeldError,
    HostError,
    ScriptError,
    UnreachableError,
)
from provisioner.resources.comparing import differing
from provisioner.resources.conversation import Step, StepResult
from provisioner.resources.host_facts import HostFacts
from provisioner.resources.network import Network, confirm, forget
from provisioner.resources.network_refusals import ENDED
from provisioner.steps.events import Event, Happened
from provisioner.steps.host_apply import HostApply
from provisioner.steps.items import asked
from provisioner.steps.polling import Heard, Poll
from provisioner.steps.talk import converse

POLL_SECONDS = 3.0
SPARE_SECONDS = 30.0
"""We stop trying to confirm that long before the host takes the change back: no race with its timer."""
ENOUGH_POLLS = 5
"""So often must it say that it knows of no change before we believe that it never got the order."""
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
    poll = Poll(host.line, host.facts.machine_guid)
    last = moving.fired_at + moving.confirm_seconds - SPARE_SECONDS
    untouched, why = 0, ""
    while host.pace.now() < last and not host.stop.is_set():
        heard = poll.ask(Network.read([moving.network]))
        untouched = untouched + 1 if _is_untouched(heard) else 0
        if _has_ended(heard) or untouched == ENOUGH_POLLS:
            break
        if _is_there(heard, host, moving):
            why = yield from _confirm(host, moving, heard)
            if not why:
                return
        host.line.hang_up()
        host.pace.sleep(POLL_SECONDS)
    if untouched == ENOUGH_POLLS:
        # The order never arrived; the reading back that follows says what is so.
        return
    if host.stop.is_set():
        yield from _left_alone(host, moving)
    else:
        yield from _taken_back(host, moving, why)


def _is_there(heard: Heard | None, host: HostApply, moving: Moving) -> TypeGuard[Heard]:
    """Whether it answers where it is declared to answer, and is as declared."""
    if heard is None or heard.address != host.line.way_in.addresses[0] or "" not in heard.observed:
        return False
    if differing(moving.network.facts(), heard.observed[""].facts):
        return False
    change = heard.facts.network_change
    return change == {} or _says(change, "state") == "changed"


def _is_untouched(heard: Heard | None) -> bool:
    """Whether it answers and knows of no change; once confirmed it is as declared as well."""
    return heard is not None and heard.facts.network_change == {}


def _says(change: Mapping[str, Any] | None, name: str) -> str:
    return str((change or {}).get(name, ""))


def _has_ended(heard: Heard | None) -> bool:
    return heard is not None and _says(heard.facts.network_change, "state") in ENDED


def _confirm(host: HostApply, moving: Moving, heard: Heard) -> Generator[Event, None, str]:
    """Why it is not confirmed yet; empty where it is."""
    host.facts = heard.facts
    if heard.facts.network_change != {}:
        why = yield from _send_confirmation(host, moving, heard)
        if why:
            return why
        host.fresh_connection = True
    yield Event(Happened.NETWORK_CONFIRMED, host.name, moving.where, what=heard.address)
    return ""


def _send_confirmation(host: HostApply, moving: Moving, heard: Heard) -> Generator[Event, None, str]:
    change = next(confirm(moving.transaction))
    rests_on = heard.observed[""].rests_on
    step = Step(f"{moving.where}/confirm", change, (), asked(moving.network), rests_on)
    why = "no word came back of the confirmation"
    try:
        for news in host.send((step,), host.applied([moving.where])):
            if isinstance(news, StepResult) and news.id == step.id:
                why = "" if news.state == "done" else news.what or f"the confirmation {news.state}"
            else:
                yield from host.told(news)
    except HeldError as error:
        return error.what
    except (BatchStoppedError, ConversationError, UnreachableError) as error:
        # Perhaps it is confirmed and only the word of it is lost: the next question tells.
        host.line.abandon()
        return error.what
    return why


def _taken_back(host: HostApply, moving: Moving, why: str) -> Iterator[Event]:
    """Wait until the host is back, then say so: a revert that fired is a failure of the run."""
    yield Event(
        Happened.NETWORK_LOST,
        host=host.name,
        address=moving.where,
        what=f"it {_not_reached(why)}; waiting until it takes the change back",
    )
    heard = _wait_for_revert(host, moving)
    if heard is None and host.stop.is_set():
        yield from _left_alone(host, moving)
        return
    if heard is None:
        raise HostError(
            "it did not say in time that it took its network change back",
            where=host.name,
            next_step="Plan again in a few minutes; then look at its screen and its cable.",
        )
    host.undone.add(moving.where)
    host.no_restart = "its network change was taken back"
    what = _says(heard.facts.network_change, "what") or "nobody confirmed it in time"
    yield Event(
        Happened.NETWORK_REVERTED,
        host=host.name,
        address=moving.where,
        what=f"{what}; {why}" if why else what,
        next_step=f"It answers at {heard.address}. Correct the declared network, then plan again.",
    )


def _not_reached(why: str) -> str:
    return f"could not be confirmed ({why})" if why else "does not answer as declared"


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
    network = next(declared, Network(dhcp=True))
    found = converse({"": Network.read([network])}, host.line.ask)[""]
    if isinstance(found, ScriptError):
        return
    step = Step(f"{host.name}/network/forget", next(forget()), (), asked(network), found[""].rests_on)
    change = host.facts.network_change or {}
    for news in host.send((step,)):
        if not isinstance(news, StepResult):
            yield from host.told(news)
        elif news.state == "done":
            said = f"{change.get('state')}: {change.get('what', '')}"
            yield Event(Happened.NETWORK_FORGOTTEN, host.name, what=said)
