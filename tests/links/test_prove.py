"""Whether a host's digest is of a secret: what it says may be anything, and it hears nothing."""

from __future__ import annotations

from dataclasses import replace
from hashlib import pbkdf2_hmac
from typing import Any

import pytest

from provisioner.errors import SecretError
from provisioner.links.windows import MOST_ITERATIONS
from provisioner.resources.base import Compare, Secret
from tests.links.test_news import Dictated

SALT = bytes(range(16))
RIGHT = Compare(Secret("env", "X"), SALT.hex(), 1000, pbkdf2_hmac("sha256", b"hunter2", SALT, 1000).hex())
"""`Dictated` follows every secret to this one."""


def same(call: Compare) -> Any:
    return Dictated().prove(call).value["same"]


def test_the_same_secret_and_another() -> None:
    assert same(RIGHT) is True
    assert same(replace(RIGHT, digest=RIGHT.digest.upper())) is True
    assert same(replace(RIGHT, iterations=999)) is False
    assert same(replace(RIGHT, digest="00" * 32)) is False
    assert same(replace(RIGHT, digest="")) is False


@pytest.mark.parametrize("iterations", [0, -1, MOST_ITERATIONS + 1, 10**30, "1000", None, 1.5])
def test_a_host_cannot_keep_us_busy(iterations: Any) -> None:
    assert same(replace(RIGHT, iterations=iterations)) is None


@pytest.mark.parametrize("wrong", ["xy", "abc", "\u00e4\u00f6", "\ud800", None, 7, [1]])
@pytest.mark.parametrize("field", ["salt", "digest"])
def test_what_is_no_hex_is_unknown(field: str, wrong: Any) -> None:
    assert same(replace(RIGHT, **{field: wrong})) is None


def test_a_secret_that_cannot_be_followed_is_unknown() -> None:
    def nothing(_: Secret) -> str:
        raise SecretError("not set")

    line = Dictated()
    line._reveal_secret = nothing
    assert line.prove(RIGHT).value == {"same": None}


def test_no_host_hears_of_it() -> None:
    line = Dictated()
    line.prove(RIGHT)
    assert line.sent == []
    assert line.meter.requests == 0
