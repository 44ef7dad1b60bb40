"""A simple reading of PowerShell text: which commands, programs and .NET members it uses."""

from __future__ import annotations

import re

from . import allowed

_COMMENT = re.compile(r"(?<![`\w])#.*$")
_SINGLE = re.compile(r"'(?:[^'\n]|'')*'")
_DOUBLE = re.compile(r'"((?:[^"`\n]|`.)*)"')
_EXPRESSION = re.compile(r"\$\(([^()]*(?:\([^()]*\)[^()]*)*)\)")
_VERB_NOUN = re.compile(r"(?<![\w$.-])([A-Za-z]+-[A-Za-z]\w+)")
_DEFINED = re.compile(r"\bfunction\s+([\w.-]+)")
_PROGRAM = re.compile(r"(?<![\w$])([\w-]+\.(?:exe|com|cmd|bat|msc|ps1))\b", re.IGNORECASE)
_STATIC = re.compile(r"([\w.]+)\]?::(\w+)")
_METHOD = re.compile(r"[\w)\]}]\.(\w+)\(")
_FIRST_WORD = re.compile(r"(?:^|[|;{(=])[ \t]*([A-Za-z%?][\w.\\-]*)(?=[\s;|)}]|$)(?![ \t]*=)", re.MULTILINE)
_CALLED = re.compile(r"(?:^|[\s({;=|])(?:&[ \t]*|\.[ \t]*(?=[${('\"\w]))(\S+)", re.MULTILINE)
_OTHER_WAYS = {
    "redirection": re.compile(r"(>+)"),
    "escape": re.compile(r"(`)"),
    # `${C:\x} = 1` writes a file and `$env:X = 1` the environment.
    "drive": re.compile(r"(\$\{?[A-Za-z]\w*:(?!:))"),
    # `ForEach-Object Delete` calls that method on each.
    "member call": re.compile(r"(ForEach-Object(?! -Process))", re.IGNORECASE),
}


def bare(text: str) -> str:
    """The text without comments and quoted words, but with the `$(...)` of double-quoted ones."""
    without_words = _SINGLE.sub("''", "\n".join(map(_uncommented, text.splitlines())))
    return _DOUBLE.sub(_expressions, without_words)


def _uncommented(line: str) -> str:
    masked = _DOUBLE.sub(_mask, _SINGLE.sub(_mask, line))
    comment = _COMMENT.search(masked)
    return line[: comment.start()] if comment else line


def _mask(quoted: re.Match[str]) -> str:
    return "x" * len(quoted[0])


def _expressions(quoted: re.Match[str]) -> str:
    return "''" + "".join(f" + ({inside})" for inside in _EXPRESSION.findall(quoted[1]))


def commands(text: str) -> set[str]:
    """Words of the form Verb-Noun, without the functions that the text defines."""
    return set(_VERB_NOUN.findall(bare(text))) - set(_DEFINED.findall(text))


def programs(text: str) -> set[str]:
    """Programs by name, whatever starts them."""
    return {name.lower() for name in _PROGRAM.findall(bare(text))}


def static_members(text: str) -> set[str]:
    """`Type::Member`."""
    return {f"{kind.removeprefix('System.')}::{member}" for kind, member in _STATIC.findall(bare(text))}


def bare_words(text: str) -> set[str]:
    """Words where a command may stand that are neither a keyword nor Verb-Noun: aliases and programs."""
    found = {word for word in _FIRST_WORD.findall(bare(text)) if word.lower() not in allowed.KEYWORDS}
    return {word for word in found if "-" not in word}


def not_allowed_in_a_read(text: str) -> list[str]:
    """Everything that keeps a text from being a read script, by name."""
    naked = bare(text)
    used = {
        "command": commands(text) - allowed.COMMANDS,
        "word": bare_words(text) - allowed.PROGRAMS,
        "program": programs(text) - allowed.PROGRAMS,
        "member": static_members(text) - allowed.STATIC_MEMBERS,
        "method": set(_METHOD.findall(naked)) - allowed.METHODS,
        "call": set(_CALLED.findall(naked)),
    } | {what: set(way.findall(naked)) for what, way in _OTHER_WAYS.items()}
    return [f"{what} {name}" for what, names in used.items() for name in sorted(names)]
