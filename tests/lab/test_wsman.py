from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.lab.winrs import MAX_OPERATIONS_PER_USER, Shells
from provisioner.lab.wsman import SOAP, NotAnEnvelope, WsmanFault, parse, seconds


@given(st.one_of(st.binary(), st.text().map(lambda text: f"<?xml version='1.0'?><a>{text}</a>".encode())))
def test_any_bytes_are_an_envelope_or_are_refused(body: bytes) -> None:
    with contextlib.suppress(NotAnEnvelope):
        parse(body)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="<&")))
def test_any_header_is_read_without_a_crash(text: str) -> None:
    headers = "".join(
        f'<w:{name} xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd">{text}</w:{name}>'
        for name in ("MaxEnvelopeSize", "OperationTimeout", "ResourceURI")
    )
    envelope = parse(
        f'<e:Envelope xmlns:e="{SOAP}"><e:Header>{headers}</e:Header><e:Body/></e:Envelope>'.encode()
    )
    assert 0 <= envelope.max_envelope <= 512_000
    assert 0 <= envelope.timeout_seconds <= 60


@pytest.mark.parametrize(
    "body", [b"<!DOCTYPE a><a/>", b"<a/>", b"", b"<?xml version='1.0' encoding='x'?><a/>"]
)
def test_what_is_no_envelope(body: bytes) -> None:
    with pytest.raises(NotAnEnvelope):
        parse(body)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PT20S", 20),
        ("PT60.000S", 60),
        ("P0DT0H1M0S", 60),
        ("PT2H", 7200),
        ("P1D", 86_400),
        ("PT", 7),
        ("20", 7),
    ],
)
def test_durations(text: str, expected: float) -> None:
    assert seconds(text, 7) == expected


def test_only_deleting_the_shell_lowers_a_users_operations() -> None:
    shells = Shells()
    shell = shells.create("provision", 60)
    for _ in range(MAX_OPERATIONS_PER_USER):
        process = shells.start(shell.id, "provision", lambda _: 0)
        shells.forget(shell.id, "provision", process.id)
    with pytest.raises(WsmanFault) as refused:
        shells.start(shell.id, "provision", lambda _: 0)
    assert refused.value.code == 2150859174
    other = shells.create("other", 60)
    shells.start(other.id, "other", lambda _: 0)
    shells.delete(shell.id, "provision")
    again = shells.create("provision", 60)
    shells.start(again.id, "provision", lambda _: 0)


def test_a_shell_belongs_to_its_user_and_ends_when_idle() -> None:
    shells = Shells()
    shell, idle = shells.create("provision", 60), shells.create("provision", -1)
    for owner, shell_id in (("other", shell.id), ("provision", idle.id)):
        with pytest.raises(WsmanFault) as gone:
            shells.start(shell_id, owner, lambda _: 0)
        assert gone.value.code == 2150858843
