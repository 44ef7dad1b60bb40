"""Answers of a host that has not proven itself yet: bounded in size and time before anything parses them."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import requests

MOST_BODY_BYTES = 2 * 1024 * 1024
"""Of one HTTP answer. WinRM keeps below the 150 KB (MaxEnvelopeSizekb) that pywinrm announces."""
MOST_BODY_SECONDS = 120

_DECLARES = re.compile(rb"<!(DOCTYPE|ENTITY)|\x00")


class UnfitAnswer(requests.RequestException):
    """The host answered with something that WinRM never sends; the words say what, never the body."""


class BoundedResponse(requests.Response):
    """A response that stops reading where no honest answer would still go on."""

    @classmethod
    def of(cls, response: requests.Response) -> BoundedResponse:
        """The same response, its body still unread."""
        bounded = cls()
        vars(bounded).update(vars(response))
        return bounded

    def iter_content(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        """The body's pieces. Raises `UnfitAnswer` past the bounds."""
        read, deadline = 0, time.monotonic() + MOST_BODY_SECONDS
        for piece in super().iter_content(*args, **kwargs):
            read += len(piece)
            if read > MOST_BODY_BYTES or time.monotonic() > deadline:
                self.close()
                raise UnfitAnswer("its answer is larger or slower than WinRM's ever are")
            yield piece


def check_markup(text: bytes) -> bytes:
    """The same text, if it declares no entities, which expat would unfold without end.

    With a NUL it is UTF-16, in which the same words look different; WinRM answers in UTF-8.
    """
    if _DECLARES.search(text):
        raise UnfitAnswer("its answer declares entities, which WinRM never does")
    return text
