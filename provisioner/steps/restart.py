"""One restart per host at the end: only where something waits for it, only when it is allowed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

from provisioner.errors import (
    ConversationError,
    HeldError,
    HostError,
    UnreachableError,
)
from provisioner.resources.conversation import Step, StepResult
from provisioner.resources.host import restart_host as restart_talk
from provisioner.resources.host_facts import HostFacts
from provisioner.steps.events import Event, Happened
from provisioner.steps.host_apply import STATES, HostApply
from provisioner.steps.host_words import interrupted
from provisioner.steps.items import asked
from provisioner.steps.pace import REAL
from provisioner.steps.plan_value import Action, Item
from provisioner.steps.polling import Poll
from provisioner.steps.preflight import forbids
from provisioner.steps.read import HostLive

RestartMode: TypeAlias = Literal["now", "window", "never"]

DELAY_SECONDS = 5
"""Between our call and the restart, so that the answer gets out (ansible.windows: at least 2)."""
WAIT_SECONDS = 600
"""How long a restarted host may take to answer (ansible.windows `win_reboot`)."""

_OURS = ("rename", "our_own")
"""Signs of a pending restart that an item of ours stands for."""


@dataclass(frozen=True)
class RestartPolicy:
    """What the person and the manifest allow on one host."""

    mode: RestartMode
    open_now: Callable[[datetime], bool] | None = None
    """Whether the maintenance window holds this local time of the host; None without a window."""
    opens: Callable[[datetime], str] = lambda _: ""
    """When the window opens next, in words."""


def restart_host(host: HostApply, policy: RestartPolicy) -> Iterator[Event]:
    """Restart if something waits for it, and read back under the new name."""
    waiting = [item for item in host.items_now() if item.restart == "pending"]
    local_time = host.live.local_time()
    if not waiting or local_time is None:
        return
    refused = host.no_restart or _unconfirmed(host.facts) or _why_not(policy, local_time)
    if refused:
        yield host.tell(Happened.RESTART_WAITS, **_waits(waiting, host.facts, refused))
        return
    forbidden = forbids(host.facts)
    if forbidden:
        # A write filter, for one, would throw away just what waits for the restart.
        yield host.tell(Happened.HOST_REFUSED, what=forbidden.what, next_step=forbidden.next_step)
        return
    try:
        yield from _restart(host, waiting[0])
    except HeldError as error:
        yield host.tell(Happened.HOST_REFUSED, what=error.what, next_step=error.next_step)
    except HostError as error:
        yield host.tell(Happened.HOST_FAILED, what=error.what, next_step=error.next_step)


def still_waiting(items: Sequence[Item], live: HostLive, policy: RestartPolicy) -> Event | None:
    """For a host on which nothing else is to be done: what waits for a restart that may not be now."""
    waiting = [item for item in items if item.restart == "pending"]
    local_time = live.local_time()
    refused = _why_not(policy, local_time) if waiting and local_time else ""
    if not refused or live.facts is None:
        return None
    return Event(Happened.RESTART_WAITS, waiting[0].host, **_waits(waiting, live.facts, refused))


def _waits(waiting: Sequence[Item], facts: HostFacts, refused: str) -> dict[str, Any]:
    """One line: what waits, what else of Windows does, and until when."""
    names = [item.address.removeprefix(f"{item.host}/") for item in waiting[1:]]
    others = [reason.replace("_", " ") for reason in facts.pending_restart or () if reason not in _OURS]
    parts = [f"also for {', '.join(names)}"] if names else []
    parts += [f"Windows waits too: {', '.join(others)}"] if others else []
    return {
        "address": waiting[0].address,
        "what": "; ".join([*parts, refused]),
        "next_step": "Apply again when it may restart, or with --restart now.",
    }


def _unconfirmed(facts: HostFacts) -> str:
    # At its start it would take the change back.
    if facts.network_change is None:
        return "whether a change of its network is pending could not be read"
    return "a change of its network waits for its confirmation" if facts.network_change else ""


def _why_not(policy: RestartPolicy, local_time: datetime) -> str:
    if policy.mode == "now":
        return ""
    if policy.mode == "never":
        return "restarts are switched off (--restart never)"
    if policy.open_now is None:
        return "no maintenance window is declared"
    if policy.open_now(local_time):
        return ""
    return f"the maintenance window opens {policy.opens(local_time)}"


def _restart(host: HostApply, because: Item) -> Iterator[Event]:
    before = host.facts
    held = {item.address for item in host.items_now() if item.action is Action.KEEP}
    if not host.fresh_connection:
        # A connection of its own: the batch before it is closed and its shell freed.
        host.line.hang_up()
    if host.stop.is_set():
        return
    try:
        for news in host.send((_step(host, because),)):
            if isinstance(news, StepResult) and news.state != "done":
                yield from _not_restarted(host, because, news)
                return
        host.line.hang_up()
    except (UnreachableError, ConversationError):
        # The answer was lost, not the call: whether it restarts is seen by its boot time.
        host.line.abandon()
    yield host.tell(Happened.RESTARTING, what=interrupted(before))
    if not _wait_for_new_boot(host, before):
        yield host.tell(Happened.UNKNOWN, what="interrupted while it restarts; the restart goes on")
        return
    for _ in host.read_back():
        pass
    yield host.tell(Happened.RESTARTED)
    yield from _not_held(host, held)


def _not_restarted(host: HostApply, because: Item, result: StepResult) -> Iterator[Event]:
    """Moved may mean that somebody else's restart has done it already: then nothing is wrong."""
    for _ in host.read_back():
        pass
    if result.state == "moved" and not any(item.restart == "pending" for item in host.items_now()):
        return
    yield host.tell(STATES[result.state], address=because.address, what=result.what, fields=result.moved)


def _not_held(host: HostApply, held: set[str]) -> Iterator[Event]:
    """What held before the restart must hold after it, and wait for no other one."""
    for item in host.items_now():
        if item.address not in held or (item.action is Action.KEEP and item.restart == "no"):
            continue
        host.undone.add(item.address)
        fields = tuple(change.field for change in item.changes)
        yield host.tell(Happened.NOT_VERIFIED, address=item.address, fields=fields, what=item.what)


def _step(host: HostApply, because: Item) -> Step:
    """The restart rests on the very facts that wait for it: another's restart meanwhile makes it needless."""
    resource = next(r for r in host.resources if r.kind == because.kind and r.key == because.key)
    change = next(restart_talk(DELAY_SECONDS, "provisioner: taking over declared settings"))
    return Step(
        f"{host.name}/restart", change, (), asked(resource), host.live.observed[because.address].rests_on
    )


def _wait_for_new_boot(host: HostApply, before: HostFacts) -> bool:
    """A first answer may still come from the old boot, so only a changed boot time counts.

    False where the run was interrupted meanwhile.
    """
    deadline, pause = REAL.now() + WAIT_SECONDS, 0.5
    poll = Poll(host.line, before.machine_guid)
    while not host.stop.is_set():
        heard = poll.ask()
        if heard is not None and heard.facts.boot_filetime != before.boot_filetime:
            return True
        _keep_waiting(host, deadline)
        REAL.sleep(pause)
        pause = min(pause * 1.5, 5)
    return False


def _keep_waiting(host: HostApply, deadline: float) -> None:
    if REAL.now() > deadline:
        raise HostError(
            f"it did not come back within {WAIT_SECONDS} s of its restart",
            where=host.name,
            next_step="Look at its screen; the settings are written and take effect with the restart.",
        )
