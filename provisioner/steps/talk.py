"""Drives many conversations of one host side by side: what waits together is sent together."""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable, Mapping, Sequence
from typing import TypeVar

from provisioner.errors import ScriptError
from provisioner.resources.base import Ask, Reply

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

_MISSHAPEN = (LookupError, TypeError, ValueError, AttributeError)


def converse(
    talks: Mapping[K, Generator[Ask, Reply, T]],
    send: Callable[[Sequence[Ask]], Sequence[Reply | ScriptError]],
) -> dict[K, T | ScriptError]:
    """Advance all talks until each is done; one `send` per round, whatever their number.

    A talk whose script failed ends with that error; the others go on.
    """
    done: dict[K, T | ScriptError] = {}
    waiting: dict[K, Ask] = {}
    for key, talk in talks.items():
        _advance(key, talk, None, waiting, done)
    while waiting:
        keys = list(waiting)
        replies = send([waiting.pop(key) for key in keys])
        for key, reply in zip(keys, replies, strict=True):
            _advance(key, talks[key], reply, waiting, done)
    return done


def _advance(
    key: K,
    talk: Generator[Ask, Reply, T],
    reply: Reply | ScriptError | None,
    waiting: dict[K, Ask],
    done: dict[K, T | ScriptError],
) -> None:
    try:
        if reply is None:
            waiting[key] = next(talk)
        elif isinstance(reply, ScriptError):
            waiting[key] = talk.throw(reply)
        else:
            waiting[key] = talk.send(reply)
    except StopIteration as end:
        done[key] = end.value
    except ScriptError as error:
        done[key] = error
    except _MISSHAPEN as error:
        # The other side may be anybody: what does not fit is unknown for this kind, and no other.
        done[key] = ScriptError(f"the answer is not of the form that is expected ({type(error).__name__})")
