"""Texts that are no manifest at all: each gets its place and plain words, none crashes or hangs."""

from __future__ import annotations

import tracemalloc
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioner.errors import ManifestError
from provisioner.manifest.complaint import Complaints
from provisioner.manifest.load import load
from provisioner.manifest.reading import LARGEST_FILE, core_value, read_tree
from provisioner.manifest.tree import Listing, Scalar, Section, Tree
from tests.manifest.written import complaints_about, places, site

BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)

UNREADABLE = {
    "a tab": ("site:\n\tharbour\n", (2, 1, "yaml"), "a tab"),
    "a colon in a value": ("site: a: b\n", (1, 8, "yaml"), "':'"),
    "an open quote": ('site: "harbour\nterminals: []\n', (1, 7, "yaml"), "quote"),
    "open brackets": ("site: harbour\nterminals: [\n", (3, 1, "yaml"), ""),
    "bad indentation": ("site: harbour\n  terminals: []\n", (2, 12, "yaml"), "':'"),
    "an unknown anchor": ("site: *nowhere\n", (1, 7, "yaml"), "anchor"),
    "a character that starts nothing": ("site: @harbour\n", (1, 7, "yaml"), "character"),
    "a control character": ("site: har\x07bour\n", (1, 10, "yaml"), "character"),
    "a second document": ("site: harbour\n---\nsite: quay\n", (2, 1, "yaml"), "second document"),
    "another YAML": ("%YAML 2.0\n---\nsite: harbour\n", (1, 1, "yaml"), "YAML"),
    "nothing": ("# only a comment\n", (1, 1, "empty"), "declares nothing"),
    "a list": ("- site: harbour\n", (1, 1, "type"), "map"),
    "an anchor in itself": ("site: harbour\nvars: &v {again: *v}\n", (2, 7, "cycle"), "itself"),
    "an alias bomb": (BOMB, (6, 4, "limit"), "too large"),
    "too deep": ("site: " + "[" * 10_000, (1, 56, "limit"), "50 levels"),
    "a long line": ("site: " + "!" * 100_000, (1, 65536, "limit"), "64 KiB"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_unreadable(tmp_path: Path, name: str) -> None:
    text, place, telling = UNREADABLE[name]
    (complaint,) = complaints_about(tmp_path, text)
    assert places([complaint]) == [place]
    assert telling in complaint.what and complaint.next_step


def test_a_bomb_is_refused_before_it_takes_memory(tmp_path: Path) -> None:
    tracemalloc.start()
    try:
        complaints_about(tmp_path, BOMB)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_a_huge_file_is_not_parsed(tmp_path: Path) -> None:
    found = complaints_about(tmp_path, b"#" * (LARGEST_FILE + 1))
    assert places(found) == [(1, 1, "limit")]


def test_a_file_in_another_encoding(tmp_path: Path) -> None:
    found = complaints_about(tmp_path, "site: harbour\n# l\xe4ge\n".encode("latin-1"))
    assert places(found) == [(2, 4, "encoding")]
    assert places(complaints_about(tmp_path, "site: harbour\n".encode("utf-16"))) == [(1, 1, "encoding")]


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    file = tmp_path / "site.yaml"
    file.write_bytes(site().encode("utf-8-sig"))
    assert load(tmp_path).name == "harbour"


@pytest.mark.parametrize("name", ["missing.yaml", "."])
def test_a_file_that_is_not_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(ManifestError) as refused:
        load(tmp_path / name)
    assert str(refused.value.complaints[0]).endswith(":1:1: this file does not exist.")


KEYS = {
    "a number": ("1: x", "key"),
    "a map": ("{a: 1}: x", "key"),
    "nothing": ("~: x", "key"),
    "merge": ("<<: {name: x}", "merge-key"),
    "twice": ("site: quay", "duplicate-key"),
}


@pytest.mark.parametrize("name", KEYS)
def test_keys(tmp_path: Path, name: str) -> None:
    line, code = KEYS[name]
    assert places(complaints_about(tmp_path, f"site: harbour\n{line}\n")) == [(2, 1, code)]


@pytest.mark.parametrize("value", ["!!python/object:os.system x", "!secret x", "!!binary aGVq", "!!set {a}"])
def test_tags_make_no_objects(tmp_path: Path, value: str) -> None:
    assert places(complaints_about(tmp_path, f"site: harbour\nvars:\n  x: {value}\n")) == [(3, 6, "tag")]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"), ("off", "off"), ("22:00", "22:00"), ("2026-01-01", "2026-01-01"), (".nan", ".nan"),
        ("0x1F", 31), ("0o17", 15), ("017", 17), ("-5", -5), ("1.5", 1.5), ("1e3", 1000.0), 
        ("1e999", "1e999"),
        ("true", True), ("False", False), ("~", None), ("", None), ("9" * 30, float("9" * 30)),
    ],
)  # fmt: skip
def test_plain_words_mean_what_yaml_1_2_says(text: str, value: object) -> None:
    assert core_value(text) == value and type(core_value(text)) is type(value)


yaml_text = st.text(alphabet="ab:- []{}&*!|>'\"#%@`?,\n\t~<0\\x{{}}%é\x85\x00", max_size=60)


@given(text=yaml_text | st.text(max_size=40))
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_does_more_than_be_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "site.yaml"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    with suppress(ManifestError):
        load(file)


words = st.text(alphabet="abcdefgh", min_size=1, max_size=6)
values = st.recursive(
    words | st.integers(-99, 99),
    lambda below: (
        st.lists(below, min_size=1, max_size=3) | st.dictionaries(words, below, min_size=1, max_size=3)
    ),
    max_leaves=12,
)


def lines_of(value: object, indent: str) -> list[str]:
    """A plain YAML writer of our own: each scalar stands at the end of its line."""
    if isinstance(value, dict):
        return [
            line
            for key, part in value.items()
            for line in (f"{indent}{key}:", *lines_of(part, indent + "  "))
        ]
    if isinstance(value, list):
        return [line for part in value for line in (f"{indent}-", *lines_of(part, indent + "  "))]
    return [f"{indent}{value}"]


def scalars(tree: Tree) -> list[Scalar]:
    if isinstance(tree, Section):
        return [scalar for entry in tree.entries.values() for scalar in scalars(entry.value)]
    return (
        [scalar for item in tree.items for scalar in scalars(item)] if isinstance(tree, Listing) else [tree]
    )


@given(document=st.dictionaries(words, values, min_size=1, max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_value_knows_where_it_was_written(tmp_path: Path, document: dict[str, object]) -> None:
    file = tmp_path / "any.yaml"
    lines = lines_of(document, "")
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    tree = read_tree(file, "any.yaml", 0, Complaints())
    assert tree is not None
    found = scalars(tree)
    assert found
    for scalar in found:
        assert lines[scalar.origin.line - 1][scalar.origin.column - 1 :] == str(scalar.value)
