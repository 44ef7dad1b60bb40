"""Judging a tree by the models, and pydantic's errors in the manifest's own words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from pydantic import ValidationError

from provisioner.manifest.complaint import Complaints, did_you_mean
from provisioner.manifest.shape import description, known_keys
from provisioner.manifest.site import DeclaredSite
from provisioner.manifest.tree import Entry, Scalar, Section, Tree, follow, plain, text_of

Path: TypeAlias = tuple[str | int, ...]
Fault: TypeAlias = Mapping[str, Any]
"""One entry of `ValidationError.errors()`."""

_SHAPES = {
    "string_type": "text (in quotes)",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a map",
    "model_type": "a map",
    "model_attributes_type": "a map",
    "dataclass_type": "a map",
    "path_type": "a path",
}
_BOUNDS = {
    "greater_than_equal": "at least {ge}",
    "greater_than": "more than {gt}",
    "less_than_equal": "at most {le}",
    "less_than": "less than {lt}",
    "multiple_of": "a multiple of {multiple_of}",
    "string_too_short": "at least {min_length} characters long",
    "string_too_long": "at most {max_length} characters long",
    "too_short": "a list of at least {min_length}",
    "too_long": "a list of at most {max_length}",
    "literal_error": "{expected}",
    "enum": "{expected}",
}


def judged(whole: Section, complaints: Complaints) -> DeclaredSite | None:
    """The declared site, or None with a complaint for every fault."""
    try:
        return DeclaredSite.model_validate(plain(whole))
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
    _Judge(whole, complaints).judge(faults)
    return None


class _Judge:
    def __init__(self, whole: Section, complaints: Complaints) -> None:
        self._whole = whole
        self._complaints = complaints

    def judge(self, faults: Sequence[Fault]) -> None:
        """A value that fits none of several forms gets one complaint, not one for each form."""
        about_values: dict[Path, list[Fault]] = {}
        at_or_below: Counter[Path] = Counter()
        for fault in faults:
            path, found = follow(self._whole, fault["loc"])
            at_or_below.update(path[:length] for length in range(len(path) + 1))
            if fault["type"] == "missing" and path and path[-1] == fault["loc"][-1]:
                self._empty(path, found)
            elif fault["type"] == "missing":
                self._missing(path, found, str(fault["loc"][-1]))
            elif fault["type"] == "extra_forbidden":
                self._unknown_key(path)
            else:
                about_values.setdefault(path, []).append(fault)
        for path, together in about_values.items():
            others = at_or_below[path] > len(together)
            if not (others and self._only_of_shape(path, together)):
                self._value(path, together)

    def _missing(self, path: Path, section: Tree, key: str) -> None:
        next_step = f"Add '{key}: ...'. {description((*path, key))}".strip()
        self._complaints.add(section.origin, "missing", f"'{key}' is missing here.", next_step)

    def _empty(self, path: Path, found: Tree) -> None:
        next_step = f"Write it there. {description(path)}".strip()
        self._complaints.add(found.origin, "missing", f"{_name(path)} is empty.", next_step)

    def _unknown_key(self, path: Path) -> None:
        *above, key = path
        section = follow(self._whole, above)[1]
        entry = section.entries.get(str(key)) if isinstance(section, Section) else None
        if isinstance(entry, Entry):
            next_step = did_you_mean(str(key), known_keys(above))
            self._complaints.add(entry.key, "unknown-key", f"the key '{key}' is not known here.", next_step)

    def _only_of_shape(self, path: Path, together: list[Fault]) -> bool:
        """A map that fits one form but for a detail needs no word about the other forms."""
        tree = follow(self._whole, path)[1]
        return not isinstance(tree, Scalar) and all(fault["type"] in _SHAPES for fault in together)

    def _value(self, path: Path, together: list[Fault]) -> None:
        tree = follow(self._whole, path)[1]
        if any("secret" in str(fault["msg"]) for fault in together):
            self._complaints.add(tree.origin, "secret", *_own_words(together[0]), spoils=True)
            return
        own = [fault for fault in together if fault["type"] == "value_error"]
        if own:
            what, next_step = _own_words(own[0])
            self._complaints.add(tree.origin, "value", what, next_step or _meaning(path))
            return
        code = "type" if all(fault["type"] in _SHAPES for fault in together) else "value"
        what = f"{_name(path)} must be {_wanted(together)}{', and is empty' if _is_empty(tree) else ''}."
        self._complaints.add(tree.origin, code, what, _near(tree, together) or _meaning(path))


def _name(path: Path) -> str:
    names = [step for step in path if isinstance(step, str)]
    if not names:
        return "the manifest"
    *_, last = path
    return f"entry {last + 1} of '{names[-1]}'" if isinstance(last, int) else f"'{names[-1]}'"


def _meaning(path: Path) -> str:
    """What belongs there; an item of a list is described by the list's field."""
    while path and isinstance(path[-1], int) and not description(path):
        path = path[:-1]
    return description(path)


def _is_empty(tree: Tree) -> bool:
    return isinstance(tree, Scalar) and tree.value is None


def _wanted(together: list[Fault]) -> str:
    return " or ".join(dict.fromkeys(map(_wanted_by, together)))


def _wanted_by(fault: Fault) -> str:
    kind = str(fault["type"])
    if kind in _SHAPES:
        return _SHAPES[kind]
    if kind in _BOUNDS:
        return _BOUNDS[kind].format(**fault.get("ctx", {}))
    if kind == "string_pattern_mismatch":
        return "in the form that is described"
    return f"right: {fault['msg']}"


def _own_words(fault: Fault) -> tuple[str, str]:
    """A kind's own sentence; what follows ';' is what to do."""
    said = str(fault["msg"]).removeprefix("Value error, ")
    what, _, next_step = said.partition("; ")
    return _sentence(what), _sentence(next_step[:1].upper() + next_step[1:])


def _sentence(words: str) -> str:
    return words if not words or words.endswith((".", "?", "!")) else f"{words}."


def _near(tree: Tree, together: list[Fault]) -> str:
    """Did you mean: where a word was expected and one close to it was written."""
    written = text_of(tree)
    expected = [str(fault["ctx"]["expected"]) for fault in together if "expected" in fault.get("ctx", {})]
    words = re.findall(r"'([^']*)'", " ".join(expected))
    guess = did_you_mean(written, words) if written and words else ""
    return guess if guess.startswith("Did") else ""
