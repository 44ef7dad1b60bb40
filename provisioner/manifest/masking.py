"""Keeps secrets out of the lines that complaints show: someone may have written one down by mistake."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from functools import lru_cache

from provisioner.manifest.site import DeclaredSite

MASK = "***"
TOP_KEYS = frozenset(DeclaredSite.model_fields)
_TOP_KEY = re.compile(rf"""[{{ ]{{0,8}}["']?({"|".join(TOP_KEYS)})["']?[ \t]{{0,8}}:([ \t]|$)""")

_TELLING = re.compile(r"pass|pwd|secret|token|credential|(^|[_-])p(in|w)$", re.IGNORECASE)
# Every part has a bound: a line may be a mebibyte long, and matching must stay linear in it.
_PAIR = re.compile(r"""(?P<key>[^\s:{},\[\]"'?]{1,64})["']?[ \t]{0,8}:[ \t]{0,64}""")
_EXPLICIT_KEY = re.compile(r"""\s*(?:-\s+)*\?\s+["']?(?P<key>[^\s"']+)""")
_REFERENCE = re.compile(
    r"""([{]\s*)?["']?(
        env["']?\s*:\s*["']?([A-Za-z_]\w{0,200}|\w{0,64}[{][{%].{0,200}[%}][}]\w*)["']?\s*([,}#]|$)
        | (file|command|keyring)["']?\s*:
    )""",
    re.VERBOSE,
)
_NOTHING_YET = re.compile(r"[{]?\s*(#.*)?$")
_LOGON = re.compile(r"//|(?<=\S):(?!//|\s)")
"""What stands between here and the last '@' of a line may be a password: `user:password@host`."""


@lru_cache(maxsize=4096)
def tells_of_secret(key: str) -> bool:
    """Whether a key's name, or what it is a slip of, says that a secret stands there."""
    if _TELLING.search(key):
        return True
    return 5 <= len(key) <= 11 and SequenceMatcher(None, key.lower(), "password").ratio() >= 0.75


def without_logons(text: str) -> str:
    """The text with everything blotted out that could be the password of a `user:password@host`."""
    start = _LOGON.search(text, 0, max(text.rfind("@"), 0))
    return text[: start.end()] + MASK + text[text.rfind("@") :] if start else text


def shown_lines(lines: list[str]) -> tuple[str, ...]:
    """The lines, secrets blotted out; none of a text that is no manifest but, say, a file of passwords."""
    return masked_lines(lines) if any(map(_TOP_KEY.match, lines)) else ()


def masked_lines(lines: list[str]) -> tuple[str, ...]:
    """The lines of a YAML text with everything blotted out that could be a literal secret."""
    return tuple(_masked(lines))


def _masked(lines: list[str]) -> Iterator[str]:
    below: int | None = None
    expected = False
    for line in lines:
        bare = line.strip()
        indent = len(line) - len(line.lstrip())
        goes_on = below is not None and (indent > below or (expected and not _PAIR.match(bare)))
        if not bare:
            yield line
        elif goes_on and not _REFERENCE.match(bare):
            yield line[:indent] + MASK
            expected = False
        else:
            literal = _literal_start(line)
            below = None if literal is None else indent
            expected = literal == len(line)
            shown = line if literal is None or expected else line[:literal] + MASK
            yield without_logons(shown)


def _literal_start(line: str) -> int | None:
    """Where a literal secret starts; the line's length if it may follow below; None if there is none."""
    explicit = _EXPLICIT_KEY.match(line)
    if explicit and tells_of_secret(explicit["key"]) and ":" not in line:
        return len(line)
    for pair in _PAIR.finditer(line):
        if tells_of_secret(pair["key"]) and not _REFERENCE.match(line, pair.end()):
            return len(line) if _NOTHING_YET.match(line, pair.end()) else pair.end()
    return None
