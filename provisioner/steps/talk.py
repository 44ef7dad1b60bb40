"""Drives many conversations of one host side by side: what waits together is sent together."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TypeAlias, TypeVar

from provisioner.errors import ScriptError
from provisioner.resources.base import Ask, Asking, Compare, Reply

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

_MISSHAPEN = (LookupError, TypeError, ValueError, AttributeError)


Send: TypeAlias = Callable[[Sequence[Ask]], Sequence[Reply | ScriptError]]
Prove: TypeAlias = Callable[[Compare], Reply]


def unproven(_: Compare) -> Reply:
    """Where no secret is followed: it stays unknown whether it is the same."""
    return Reply({"same": None})


def converse(talks: Mapping[K, Asking[T]], send: Send, prove: Prove = unproven) -> dict[K, T | ScriptError]:
    """Advance all talks until each is done; one `send` per round, whatever their number.

    What a talk wants compared with a secret is answered by `prove`, and no host is asked. A talk whose
    script failed ends with that error; the others go on.
    """
    done: dict[K, T | ScriptError] = {}
    waiting: dict[K, Ask] = {}
    for key, talk in talks.items():
        _advance(key, talk, None, prove, waiting, done)
    while waiting:
        keys = list(waiting)
        replies = send([waiting.pop(key) for key in keys])
        for key, reply in zip(keys, replies, strict=True):
            _advance(key, talks[key], reply, prove, waiting, done)
    return done


def _advance(
    key: K,
    talk: Asking[T],
    reply: Reply | ScriptError | None,
    prove: Prove,
    waiting: dict[K, Ask],
    done: dict[K, T | ScriptError],
) -> None:
    try:
        call = _next(talk, reply)
        while isinstance(call, Compare):
            call = talk.send(prove(call))
        waiting[key] = call
    except StopIteration as end:
        done[key] = end.value
    except ScriptError as error:
        done[key] = error
    except _MISSHAPEN as error:
        # The other side may be anybody: what does not fit is unknown for this kind, and no other.
        done[key] = ScriptError(f"the answer is not of the form that is expected ({type(error).__name__})")


def _next(talk: Asking[T], reply: Reply | ScriptError | None) -> Ask | Compare:
    if reply is None:
        return next(talk)
    return talk.throw(reply) if isinstance(reply, ScriptError) else talk.send(reply)
