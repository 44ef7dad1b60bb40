"""The local policy file `Registry.pol` and its `gpt.ini`, as bytes (MS-GPREG 2.2.1, MS-GPOL 2.2.4).

gpedit keeps its settings there and the policy engine stamps them into the registry at every refresh, so a
value written to the registry alone is undone where the file says otherwise.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

HEADER = b"PReg" + struct.pack("<I", 1)
REG_DWORD = 4
_OPEN, _SEPARATOR, _CLOSE, _END = (mark.encode("utf-16-le") for mark in "[;]\0")
_DELETE = "**del."
_REGISTRY_EXTENSION = "{35378EAC-683F-11D2-A89A-00C04FBBCFA2}"
_EDITOR = "{D02B1F72-3407-48AE-BA88-E8213C6761F1}"


class PolicyFileError(ValueError):
    """The bytes are not a policy file, so we may neither trust nor rewrite them."""


@dataclass(frozen=True)
class Entry:
    """One record; `key` has no hive. A name `**del.X` deletes the value X at the next refresh."""

    key: str
    name: str
    type: int
    content: bytes

    @property
    def target(self) -> tuple[str, str]:
        """Which value it sets or deletes, in lower case as names compare without case."""
        name = self.name.casefold()
        return self.key.casefold(), name.removeprefix(_DELETE)

    @property
    def number(self) -> int | str | None:
        """What the value becomes: a number, None for deleted, or a text that equals no number."""
        if self.name.casefold().startswith(_DELETE):
            return None
        if self.type == REG_DWORD and len(self.content) == 4:
            return int.from_bytes(self.content, "little")
        return f"type {self.type}: {self.content.hex()}"

    def to_bytes(self) -> bytes:
        """The record with its brackets."""
        key, name = (text.encode("utf-16-le") + _END for text in (self.key, self.name))
        size = struct.pack("<I", len(self.content))
        fields = (key, name, struct.pack("<I", self.type), size, self.content)
        return _OPEN + _SEPARATOR.join(fields) + _CLOSE


def parse(content: bytes) -> list[Entry]:
    """The records in order. PolicyFileError where the bytes are anything else."""
    if content[: len(HEADER)] != HEADER:
        raise PolicyFileError("the file does not begin with the signature and version of a policy file")
    entries, at = [], len(HEADER)
    while at < len(content):
        entry, at = _entry(content, at)
        entries.append(entry)
    return entries


def _entry(content: bytes, at: int) -> tuple[Entry, int]:
    try:
        at = _skip(content, at, _OPEN)
        key, at = _text(content, at)
        name, at = _text(content, _skip(content, at, _SEPARATOR))
        (kind,) = struct.unpack_from("<I", content, at := _skip(content, at, _SEPARATOR))
        (size,) = struct.unpack_from("<I", content, at := _skip(content, at + 4, _SEPARATOR))
        at = _skip(content, at + 4, _SEPARATOR)
        # By its size, not up to the bracket: the content may hold one.
        return Entry(key, name, kind, content[at : at + size]), _skip(content, at + size, _CLOSE)
    except (struct.error, UnicodeDecodeError) as broken:
        raise PolicyFileError(f"a record of the policy file is broken at byte {at}") from broken


def _skip(content: bytes, at: int, mark: bytes) -> int:
    if content[at : at + len(mark)] != mark:
        raise PolicyFileError(f"a record of the policy file is broken at byte {at}")
    return at + len(mark)


def _text(content: bytes, at: int) -> tuple[str, int]:
    end = at
    while content[end : end + 2] not in (_END, b""):
        end += 2
    return content[at:end].decode("utf-16-le"), _skip(content, end, _END)


def numbers(content: bytes | None) -> Mapping[tuple[str, str], int | str | None]:
    """What each value mentioned in the file becomes, by (key, name) in lower case; a later record wins."""
    return {entry.target: entry.number for entry in (parse(content) if content else [])}


def patch(content: bytes | None, changes: Iterable[tuple[str, str, int | None]]) -> bytes:
    """The file with these DWORDs set, or not mentioned where None. All else stays, byte for byte.

    `changes` are (key, name, number). A changed record moves to the end, behind any `**DelVals.` of its key.
    """
    entries = parse(content) if content else []
    for key, name, number in changes:
        target = key.casefold(), name.casefold()
        mentions = [entry for entry in entries if entry.target == target]
        if [entry.number for entry in mentions] == ([] if number is None else [number]):
            continue
        entries = [entry for entry in entries if entry.target != target]
        if number is not None:
            entries.append(Entry(key, name, REG_DWORD, struct.pack("<I", number)))
    return HEADER + b"".join(entry.to_bytes() for entry in entries)


def raise_version(gpt_ini: bytes | None) -> bytes:
    """`gpt.ini` with the machine's counter one higher and the registry extension named.

    Without both the policy engine takes the file for unchanged (low 16 bits: machine, high 16: user).
    """
    # latin-1 keeps every byte of what others wrote there.
    text = (gpt_ini or b"[General]\r\n").decode("latin-1")
    found = re.search(r"(?im)^Version[ \t]*=[ \t]*(\d+)", text)
    version = int(found[1]) if found else 0
    machine = (version & 0xFFFF) % 0xFFFF + 1
    text = _set_line(text, "Version", str(version & ~0xFFFF | machine))
    found = re.search(r"(?im)^gPCMachineExtensionNames[ \t]*=[ \t]*([^\r\n]*)", text)
    names = _with_registry_extension(found[1] if found else "")
    return _set_line(text, "gPCMachineExtensionNames", names).encode("latin-1")


def _set_line(text: str, name: str, value: str) -> str:
    line = re.compile(rf"(?im)^{name}[ \t]*=[^\r\n]*")
    if line.search(text):
        return line.sub(lambda _: f"{name}={value}", text, count=1)
    general = re.compile(r"(?im)^\[General\][^\n]*(\r?\n|\Z)")
    if not general.search(text):
        text = f"[General]\r\n{text}"
    return general.sub(lambda _: f"[General]\r\n{name}={value}\r\n", text, count=1)


def _with_registry_extension(names: str) -> str:
    """`[{extension}{tool}...]...`, sorted by extension as the engine expects."""
    groups: dict[str, list[str]] = {}
    for group in re.findall(r"\[([^\]]*)\]", names):
        extension, *tools = re.findall(r"\{[^}]*\}", group) or [""]
        groups[extension.upper()] = tools
    tools = groups.setdefault(_REGISTRY_EXTENSION, [])
    if _EDITOR.casefold() in (tool.casefold() for tool in tools):
        return names
    tools.append(_EDITOR)
    return "".join(f"[{key}{''.join(sorted(groups[key], key=str.upper))}]" for key in sorted(groups))
