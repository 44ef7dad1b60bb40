"""A line that ends in the lab's play instead of a socket: everything above the wire is the real thing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from provisioner.lab.machine import SimulatedMachine
from provisioner.lab.play import play
from provisioner.lab.stage import Stage
from provisioner.links.windows import ChangingWindowsLine
from provisioner.links.winrm_shell import Target
from provisioner.resources.base import Secret
from provisioner.resources.network import CHANGE_TASK
from provisioner.resources.network_task_simulated import apply_wanted

USER = "provision"


class PlayedLine(ChangingWindowsLine):
    """Packs and unpacks as on the wire. `requests` keeps what was sent, `before` runs before each request."""

    def __init__(self, stage: Stage, run: str = "run-1", name: str = "a") -> None:
        target = Target(name, ("192.0.2.21",), 5985, False, "ntlm", USER)
        super().__init__(target, lambda: "", lambda *_: None, run, reveal_secret=_told)
        self.stage = stage
        self.requests: list[bytes] = []
        self.before: Callable[[bytes], None] = lambda _: None

    def _converse(self, request: bytes) -> Iterator[dict[str, Any]]:
        self.requests.append(request)
        self.before(request)
        frames: list[Mapping[str, Any]] = []
        play(self.stage.logged_on(USER), request, frames.append)
        yield from (dict(frame) for frame in frames)


def _told(secret: Secret) -> str:
    return f"Secret.{secret.name}.1"


def staged(content: Mapping[str, Any]) -> Stage:
    """A machine that restarts at once when it is told to, and changes its network as soon."""

    def started(name: str) -> None:
        if name == CHANGE_TASK:
            apply_wanted(machine)

    machine = SimulatedMachine(content, going_down=lambda _: machine.boot(), task_started=started)
    return Stage(machine)
