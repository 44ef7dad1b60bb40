"""Asking a host that moved or restarts whether it is there again. Polls are counted apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner.errors import CertificateError, HostError, LoginRefusedError, ScriptError
from provisioner.resources.base import Ask, Asking, Observed, Reply
from provisioner.resources.conversation import AskingLine
from provisioner.resources.host import read_host
from provisioner.resources.host_facts import HostFacts
from provisioner.steps.talk import converse

MOST_REFUSED_LOGINS = 3


@dataclass(frozen=True)
class Heard:
    """What a machine answered: who it is, where, and one kind's items by key."""

    facts: HostFacts
    address: str
    observed: Mapping[str, Observed]


class Poll:
    """Asks one machine again and again. Raises what waiting will not mend."""

    def __init__(self, line: AskingLine, machine_guid: str) -> None:
        self._line = line
        self._guid = machine_guid
        self._refused = 0

    def ask(self, read: Asking[Mapping[str, Observed]] | None = None) -> Heard | None:
        """One try: None while nobody answers, or another machine does."""
        talks: dict[str, Asking[Any]] = {"": read_host()}
        if read is not None:
            talks["items"] = read
        try:
            found = converse(talks, self._send)
        except LoginRefusedError:
            # While its services start a host may refuse a right password; a wrong one locks the account.
            self._line.abandon()
            self._refused += 1
            if self._refused == MOST_REFUSED_LOGINS:
                raise
            return None
        except CertificateError:
            self._line.abandon()
            raise
        except HostError:
            self._line.abandon()
            return None
        return self._heard(found)

    def _heard(self, found: Mapping[str, Any]) -> Heard | None:
        facts, items = found[""], found.get("items")
        if not isinstance(facts, HostFacts) or facts.machine_guid != self._guid:
            return None
        return Heard(facts, self._line.answered_at, items if isinstance(items, Mapping) else {})

    def _send(self, calls: Sequence[Ask]) -> Sequence[Reply | ScriptError]:
        return self._line.ask(calls, poll=True)
