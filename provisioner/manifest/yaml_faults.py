"""What the YAML parser objects to, in plain words. Nothing of the text is repeated: it may be a secret."""

from __future__ import annotations

from dataclasses import dataclass

from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError


@dataclass(frozen=True)
class YamlFault:
    """Where (counted from 0) and what."""

    line: int
    column: int
    what: str
    next_step: str


_WORDS = (
    ("character '\\t'", "a tab stands where YAML wants spaces.", "Replace the tab by spaces."),
    ("cannot start any token", "a value cannot start with this character.", "Put the value in quotes."),
    ("mapping values are not allowed", "a ':' is not expected here.", "Put text with ': ' in quotes."),
    ("could not find expected ':'", "this is no 'key: value'.", "Put ': ' after the key."),
    ("sequence entries are not allowed", "a list cannot start here.", "Put the '-' on a line of its own."),
    ("expected <block end>", "this line does not fit to the lines above.", "Check its indentation."),
    ("expected ',' or", "these brackets are not closed.", "Put a ',' between the parts and close them."),
    ("undefined alias", "no anchor of this name stands above.", "Put text that starts with '*' in quotes."),
    ("but found another document", "a second document starts here.", "Remove the '---'."),
    ("unexpected document separator", "a quote above is not closed.", "Close it before the '---'."),
    ("unknown escape character", "this '\\' starts no known escape.", "Write a path in single quotes."),
    ("expected escape sequence", "this '\\' escape is not complete.", "Write a path in single quotes."),
    ("incompatible YAML document", "this is not YAML 1.", "Remove the %YAML line."),
)  # fmt: skip
_GENERIC = ("this is not valid YAML.", "Check quotes, brackets and indentation here and in the line above.")


def in_plain_words(error: Exception, text: str) -> YamlFault:
    """Place and words of whatever the parser raised; it raises more than `YAMLError` on strange input."""
    if isinstance(error, ReaderError):
        before = text[: error.position]
        line = before.count("\n")
        column = len(before) - before.rfind("\n") - 1
        return YamlFault(line, column, "this character is not allowed in YAML.", "Remove it.")
    if not isinstance(error, MarkedYAMLError):
        return YamlFault(0, 0, *_GENERIC)
    return _marked(error)


def _marked(error: MarkedYAMLError) -> YamlFault:
    problem = str(error.problem or "")
    if "unexpected end of stream" in problem and error.context_mark:
        return YamlFault(*_at(error.context_mark), "this quote is not closed.", "Close it.")
    mark = error.problem_mark or error.context_mark
    for telling, what, next_step in _WORDS:
        if telling in problem:
            return YamlFault(*_at(mark), what, next_step)
    return YamlFault(*_at(mark), *_GENERIC)


def _at(mark: object) -> tuple[int, int]:
    return int(getattr(mark, "line", 0)), int(getattr(mark, "column", 0))
