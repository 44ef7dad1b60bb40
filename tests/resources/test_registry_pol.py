"""The policy file: what others wrote there stays, byte for byte."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.resources.registry_pol import (
    HEADER,
    REG_DWORD,
    Entry,
    PolicyFileError,
    numbers,
    parse,
    patch,
    raise_version,
)

KEY = r"SOFTWARE\Policies\Example"
PAIR = "[{35378EAC-683F-11D2-A89A-00C04FBBCFA2}{D02B1F72-3407-48AE-BA88-E8213C6761F1}]"

words = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
entries = st.builds(Entry, words, words, st.integers(0, 11), st.binary(max_size=20))
policy_files = st.lists(entries, max_size=6)
numbers_or_none = st.one_of(st.none(), st.integers(0, 0xFFFFFFFF))
names = st.sampled_from(["One", "TWO", "three"])
changes = st.lists(st.tuples(st.just(KEY), names, numbers_or_none), max_size=4)


def _file(records: list[Entry]) -> bytes:
    return HEADER + b"".join(record.to_bytes() for record in records)


def _dword(name: str, number: int) -> Entry:
    return Entry(KEY, name, REG_DWORD, struct.pack("<I", number))


def test_a_record_as_the_specification_writes_it() -> None:
    """MS-GPREG 2.2.1: [key;value;type;size;data] in UTF-16LE, numbers little-endian."""
    text = "[\0K\0\0\0;\0N\0\0\0;\0".encode("latin-1")
    record = text + b"\x04\0\0\0" + b";\0" + b"\x04\0\0\0" + b";\0" + b"\x2a\0\0\0" + b"]\0"
    assert parse(b"PReg\x01\0\0\0" + record) == [Entry("K", "N", 4, b"\x2a\0\0\0")]


@given(policy_files)
def test_records_survive_reading_and_writing(records: list[Entry]) -> None:
    assert parse(_file(records)) == records


@given(policy_files, changes)
def test_a_patched_file_says_what_was_asked_and_keeps_the_rest(
    records: list[Entry], wanted: list[tuple[str, str, int | None]]
) -> None:
    before = _file(records)
    after = patch(before, wanted)
    said = numbers(after)
    last = {name.casefold(): number for _, name, number in wanted}
    targets = {(KEY.casefold(), name) for name in last}
    assert {name: said.get((KEY.casefold(), name)) for name in last} == last
    assert [r for r in parse(after) if r.target not in targets] == [
        r for r in records if r.target not in targets
    ]


@given(changes)
def test_patching_twice_changes_nothing_more(wanted: list[tuple[str, str, int | None]]) -> None:
    final = list({name: (key, name, number) for key, name, number in wanted}.values())
    once = patch(None, final)
    assert patch(once, final) == once


def test_a_deletion_of_our_value_gives_way() -> None:
    before = _file([_dword("**del.One", 0), _dword("Foreign", 7), _dword("ONE", 1), _dword("one", 2)])
    assert numbers(before)[(KEY.casefold(), "one")] == 2
    assert parse(patch(before, [(KEY, "One", 5)])) == [_dword("Foreign", 7), _dword("One", 5)]


def test_a_removed_value_that_the_file_deletes_is_no_number() -> None:
    assert numbers(_file([_dword("**del.One", 0)])) == {(KEY.casefold(), "one"): None}


def test_another_type_equals_no_number() -> None:
    assert numbers(_file([Entry(KEY, "One", 1, b"1\0\0\0")]))[(KEY.casefold(), "one")] == "type 1: 31000000"


@pytest.mark.parametrize("cut", range(1, 40))
def test_a_torn_file_is_no_policy_file(cut: int) -> None:
    whole = _file([_dword("One", 1)])
    with pytest.raises(PolicyFileError):
        parse(whole[:-cut] if cut < len(whole) - len(HEADER) else b"PReg")


def test_a_missing_gpt_ini_is_made() -> None:
    assert raise_version(None).decode().splitlines() == [
        "[General]",
        f"gPCMachineExtensionNames={PAIR}",
        "Version=1",
    ]


@pytest.mark.parametrize(("before", "after"), [(0, 1), (65536, 65537), (0x0003FFFF, 0x00030001), (7, 8)])
def test_only_the_machine_counter_goes_up(before: int, after: int) -> None:
    text = f"[General]\r\nVersion={before}\r\ngPCMachineExtensionNames={PAIR}\r\n"
    assert raise_version(text.encode()) == text.replace(f"={before}", f"={after}").encode()


def test_other_extensions_and_lines_stay() -> None:
    other = "[{827D319E-6EAC-11D2-A4EA-00C04F79F83A}{803E14A0-B4FB-11D0-A0D0-00A0C90F574B}]"
    text = f"[General]\r\ndisplayName=f\xfcr Ger\xe4te\r\ngPCMachineExtensionNames={other}\r\nVersion=3\r\n"
    raised = raise_version(text.encode("latin-1")).decode("latin-1")
    assert raised == text.replace(other, PAIR + other).replace("Version=3", "Version=4")
    assert raise_version(raised.encode("latin-1")).decode("latin-1") == raised.replace(
        "Version=4", "Version=5"
    )
