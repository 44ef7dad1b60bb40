"""One YAML 1.2 file as a tree with origins; the only importer of ruamel.yaml beside `yaml_faults`.

The text is composed to nodes and never constructed, so no tag can make an object.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from provisioner.manifest.complaint import Complaints
from provisioner.manifest.masking import shown_lines
from provisioner.manifest.tree import Entry, Listing, Origin, Scalar, Section, Source, Tree
from provisioner.manifest.yaml_faults import in_plain_words

LARGEST_FILE = 1024 * 1024
"""Bytes. A thousand terminals take about half of it."""
LONGEST_LINE = 64 * 1024
"""Characters; the scanner's time grows with the square of a token's length."""
DEEPEST = 50
MOST_VALUES = 200_000
"""Keys and values of one file; the parser needs a kilobyte for each."""
LARGEST_EXPANDED = 8 * 1024 * 1024
"""Characters, with each alias counted as often as it is used and each value as 8 more."""

_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_TAGS = "tag:yaml.org,2002:"
_RESOLVED = frozenset({"int", "float", "bool", "null", "timestamp", "value", "merge"})


class _OverLimit(Exception):
    def __init__(self, what: str, next_step: str, mark: Any) -> None:
        super().__init__(what)
        self.what, self.next_step, self.mark = what, next_step, mark


class _BoundedComposer(Composer):
    levels = 0
    values = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        self.levels += 1
        self.values += 1
        if self.levels > DEEPEST:
            self._refuse(f"more than {DEEPEST} levels deep.", "A manifest needs fewer than ten.")
        if self.values > MOST_VALUES:
            self._refuse(f"more than {MOST_VALUES} keys and values.", "Split the site into several.")
        node = super().compose_node(parent, index)
        self.levels -= 1
        return node

    def _refuse(self, what: str, next_step: str) -> None:
        raise _OverLimit(what, next_step, self.parser.peek_event().start_mark)


def read_tree(path: Path, name: str, order: int, complaints: Complaints) -> Tree | None:
    """The file's tree, or None where it cannot be read at all; `name` is how complaints call the file."""
    text = _text(path, name, order, complaints)
    if text is None:
        return None
    lines = _LINE_BREAK.split(text)
    source = Source(name, order, shown_lines(lines))
    node = None if _has_long_line(lines, source, complaints) else _composed(text, source, complaints)
    if node is None:
        return None
    grower = _Grower(source, complaints)
    tree = grower.grow(node)
    return None if grower.unusable else tree


def _text(path: Path, name: str, order: int, complaints: Complaints) -> str | None:
    start = Origin(Source(name, order, ()), 1, 1)
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        what = (
            "this file does not exist."
            if isinstance(error, FileNotFoundError)
            else "this file cannot be read."
        )
        complaints.add(start, "file", what, "Name a site folder with a site.yaml, or a manifest file.")
        return None
    if len(content) > LARGEST_FILE:
        complaints.add(start, "limit", "the file is larger than 1 MiB.", "Split the site into several.")
        return None
    return _decoded(content, name, order, complaints)


def _decoded(content: bytes, name: str, order: int, complaints: Complaints) -> str | None:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8-sig")
        lines = _LINE_BREAK.split(before)
        at = Origin(Source(name, order, shown_lines(lines)), len(lines), len(lines[-1]) + 1)
        complaints.add(at, "encoding", "the file is not UTF-8 from here on.", "Save it as UTF-8.")
        return None


def _has_long_line(lines: list[str], source: Source, complaints: Complaints) -> bool:
    for number, line in enumerate(lines, start=1):
        if len(line) > LONGEST_LINE:
            at = Origin(source, number, LONGEST_LINE)
            complaints.add(at, "limit", "the line is longer than 64 KiB.", "Break it into several.")
            return True
    return False


def _composed(text: str, source: Source, complaints: Complaints) -> Node | None:
    yaml = YAML(typ="safe", pure=True)
    yaml.Composer = _BoundedComposer
    yaml.composer.warn_double_anchors = False
    try:
        node: Node | None = yaml.compose(text)
    except _OverLimit as over:
        at = Origin(source, over.mark.line + 1, over.mark.column + 1)
        complaints.add(at, "limit", over.what, over.next_step)
        return None
    except Exception as error:  # ruamel also raises ValueError, AssertionError and others on broken input
        fault = in_plain_words(error, text)
        at = Origin(source, fault.line + 1, fault.column + 1)
        complaints.add(at, "yaml", fault.what, fault.next_step)
        return None
    if node is None:
        complaints.add(
            Origin(source, 1, 1), "empty", "the file declares nothing.", "Begin with 'site: NAME'."
        )
    return node


class _Grower:
    """Turns nodes into a tree. An aliased node becomes one subtree, so nothing is ever expanded here."""

    def __init__(self, source: Source, complaints: Complaints) -> None:
        self.unusable = False
        self._source = source
        self._complaints = complaints
        self._open: set[int] = set()
        self._grown: dict[int, tuple[Tree, int]] = {}

    def grow(self, node: Node) -> Tree:
        return self._grow(node)[0]

    def _grow(self, node: Node) -> tuple[Tree, int]:
        known = self._grown.get(id(node))
        if known:
            return known
        if id(node) in self._open:
            return self._give_up(node, "cycle", "this anchor contains itself.", "Write the inner value out.")
        self._open.add(id(node))
        tree, size = self._grow_new(node)
        self._open.discard(id(node))
        if size > LARGEST_EXPANDED:
            tree, size = self._give_up(
                node, "limit", "with its aliases written out this is too large.", "Use fewer aliases."
            )
        self._grown[id(node)] = tree, size
        return tree, size

    def _give_up(self, node: Node, code: str, what: str, next_step: str) -> tuple[Tree, int]:
        if not self.unusable:
            self._complaints.add(self._origin(node), code, what, next_step)
        self.unusable = True
        return Scalar(None, self._origin(node)), 0

    def _grow_new(self, node: Node) -> tuple[Tree, int]:
        tag = str(node.tag).removeprefix(_TAGS)
        if isinstance(node, ScalarNode) and (tag == "str" or tag in _RESOLVED):
            value = node.value if tag == "str" else core_value(node.value)
            return Scalar(value, self._origin(node)), 8 + len(node.value)
        if isinstance(node, SequenceNode) and tag == "seq":
            return self._listing(node)
        if isinstance(node, MappingNode) and tag == "map":
            return self._section(node)
        at = self._origin(node)
        next_step = "Write plain text, numbers, lists and maps; put text with '!' in quotes."
        self._complaints.add(at, "tag", "this YAML tag is not supported.", next_step, spoils=True)
        return Scalar(None, at), 8

    def _listing(self, node: SequenceNode) -> tuple[Tree, int]:
        grown = [self._grow(item) for item in node.value]
        return Listing(tuple(tree for tree, _ in grown), self._origin(node)), 8 + sum(
            size for _, size in grown
        )

    def _section(self, node: MappingNode) -> tuple[Tree, int]:
        entries: dict[str, Entry] = {}
        total = 8
        for key_node, value_node in node.value:
            tree, size = self._grow(value_node)
            if tree == Scalar(None, tree.origin) and not value_node.value:
                # Nothing was written, and the parser's mark then stands at whatever comes next.
                tree = Scalar(None, self._origin(key_node))
            key = self._key(key_node, entries)
            if key is not None:
                entries[key] = Entry(self._origin(key_node), tree)
                total += size + 8 + len(key)
        return Section(entries, self._origin(node)), total

    def _key(self, node: Node, entries: dict[str, Entry]) -> str | None:
        at = self._origin(node)
        tag = str(node.tag).removeprefix(_TAGS)
        if tag == "merge":
            next_step = "YAML 1.2 has no merge key; use 'extends:' or write the settings out."
            self._complaints.add(at, "merge-key", "'<<' is not supported.", next_step)
        elif not isinstance(node, ScalarNode) or tag != "str":
            self._complaints.add(at, "key", "a key must be text.", "Put it in quotes.")
        elif node.value in entries:
            first = entries[node.value].key.line
            next_step = "Keep one of the two."
            self._complaints.add(at, "duplicate-key", f"this key stands in line {first} already.", next_step)
        else:
            return str(node.value)
        return None

    def _origin(self, node: Node) -> Origin:
        return Origin(self._source, node.start_mark.line + 1, node.start_mark.column + 1)


_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_DECIMAL = re.compile(r"[-+]?[0-9]{1,18}")
_PREFIXED = re.compile(r"0o[0-7]{1,20}|0x[0-9a-fA-F]{1,15}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?")


def core_value(text: str) -> str | int | float | bool | None:
    """What a plain scalar means in the core schema of YAML 1.2 (10.3.2); `.inf` and `.nan` stay text."""
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if _DECIMAL.fullmatch(text):
        return int(text)
    if _PREFIXED.fullmatch(text):
        return int(text, 0)
    if len(text) <= 40 and _FLOAT.fullmatch(text) and abs(float(text)) < 1e300:
        return float(text)
    return text
