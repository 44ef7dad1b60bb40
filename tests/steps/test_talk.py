"""Many conversations, one request per round."""

from __future__ import annotations

from collections.abc import Sequence

from provisioner.errors import ScriptError
from provisioner.resources.base import Ask, Asking, Reply
from provisioner.steps.talk import converse


def _asks(*names: str) -> Asking[list[str]]:
    heard = []
    for name in names:
        reply = yield Ask(name)
        heard.append(str(reply.value["name"]))
    return heard


class Echo:
    """Answers each ask with its script's name, and fails the script called `broken`."""

    def __init__(self) -> None:
        self.rounds: list[list[str]] = []

    def __call__(self, calls: Sequence[Ask]) -> list[Reply | ScriptError]:
        self.rounds.append([call.script for call in calls])
        return [
            ScriptError("it broke") if call.script == "broken" else Reply({"name": call.script})
            for call in calls
        ]


def test_what_waits_together_is_sent_together() -> None:
    echo = Echo()
    done = converse({"one": _asks("a", "b"), "two": _asks("c"), "none": _asks()}, echo)
    assert echo.rounds == [["a", "c"], ["b"]]
    assert done == {"one": ["a", "b"], "two": ["c"], "none": []}


def test_a_failed_script_ends_only_its_own_talk() -> None:
    done = converse({"bad": _asks("broken", "a"), "good": _asks("b", "c")}, Echo())
    assert isinstance(done["bad"], ScriptError)
    assert done["good"] == ["b", "c"]
