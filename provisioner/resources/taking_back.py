"""From the facts before a change back to a declaration, and what no declaration brings back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

from pydantic import JsonValue, ValidationError

from provisioner.resources.base import Facts, Resource, Secret
from provisioner.resources.comparing import differs

ResourceT = TypeVar("ResourceT", bound=Resource)

NO_FORM = "no declaration says that"
NOT_SET = "it was not set, and no declaration says that"
SECRET = "the earlier secret is not known"  # noqa: S105
REMOVED_WITH_ITS_SECRET = "it was removed, and its secret is not known; make it anew by the manifest"  # noqa: S105
DOES_NOT_COME_BACK = "what was removed for good is not in it again"
CANNOT_BE_REMOVED = "it was not there, and provisioner cannot remove it"


@dataclass(frozen=True)
class Lost:
    """A field that stays as the change made it; `field` is empty for the whole thing."""

    field: str
    before: JsonValue
    what: str


@dataclass(frozen=True)
class TakenBack:
    """What to declare so that it is as before (None where nothing can be said), and what stays lost."""

    declared: Resource | None
    lost: tuple[Lost, ...] = ()


def taking_back(wanted: Resource, before: Facts, *, present: bool = True) -> TakenBack:
    """The reverse of applying `wanted` where the facts were `before`."""
    if not present:
        return _removal(wanted)
    secrets = _secret_fields(type(wanted))
    if wanted.gone and secrets:
        return TakenBack(None, (Lost("", None, REMOVED_WITH_ITS_SECRET),))
    declared = _identity(wanted, before, secrets) | {
        name: value
        for name, value in wanted.as_before(before).items()
        if value is not None and name not in secrets
    }
    made = _as_before(type(wanted), declared, before)
    if made is not None and made.key != wanted.key:
        made = None
    return TakenBack(made, tuple(_lost(wanted, made, before, declared, secrets)))


def apart_from_the_lost(backs: Mapping[str, TakenBack]) -> dict[str, TakenBack]:
    """By address: the same without what names things of the same host that do not come back."""
    gone = {where for where, back in backs.items() if any(not lost.field for lost in back.lost)}
    return {where: _apart_from(back, where.partition("/")[0] + "/", gone) for where, back in backs.items()}


def _apart_from(back: TakenBack, host: str, gone: Set[str]) -> TakenBack:
    mine = frozenset(where.removeprefix(host) for where in gone if where.startswith(host))
    if back.declared is None or not mine:
        return back
    declared, left = back.declared.apart_from(mine)
    return TakenBack(
        declared, (*back.lost, *(Lost(name, what, DOES_NOT_COME_BACK) for name, what in left.items()))
    )


def _removal(wanted: Resource) -> TakenBack:
    """What was not there is taken back as absent, under the same key."""
    if wanted.gone:
        return TakenBack(wanted)
    said = _said(wanted)
    needed = {name: said[name] for name in said if type(wanted).model_fields[name].is_required()}
    for fields in (needed, *(needed | {name: said[name]} for name in said), said):
        made = _validated(type(wanted), fields | {"absent": True})
        if made is not None and made.gone and made.key == wanted.key:
            return TakenBack(made)
    return TakenBack(None, (Lost("", None, CANNOT_BE_REMOVED),))


def _identity(wanted: Resource, before: Facts, secrets: frozenset[str]) -> dict[str, JsonValue]:
    """What must be said of any such thing and no fact repeats, like its name as it was declared."""
    fields = type(wanted).model_fields
    return {
        name: value
        for name, value in _said(wanted).items()
        if fields[name].is_required() and name not in before and name not in secrets
    }


def _as_before(kind: type[ResourceT], declared: Mapping[str, JsonValue], before: Facts) -> ResourceT | None:
    """The most of it that is valid and says nothing else than what was."""
    while True:
        made = _most_of(kind, declared)
        if made is None or not made.model_fields_set:
            return None
        wrong = {name for name in made.model_fields_set & made.facts().keys() if _parts(made, before, name)}
        if not wrong:
            return made
        declared = {name: value for name, value in declared.items() if name not in wrong}


def _parts(made: Resource, before: Facts, name: str) -> bool:
    return name in before and differs(made.facts()[name], before[name])


def _most_of(kind: type[ResourceT], declared: Mapping[str, JsonValue]) -> ResourceT | None:
    """All of it, or as many fields as are valid together, those that must be said first."""
    whole = _validated(kind, declared)
    if whole is not None:
        return whole
    kept = {name: declared[name] for name in declared if kind.model_fields[name].is_required()}
    made, waiting = _validated(kind, kept), [name for name in declared if name not in kept]
    for name in waiting:
        more = _validated(kind, kept | {name: declared[name]})
        if more is not None:
            made, kept[name] = more, declared[name]
    return made


def _validated(kind: type[ResourceT], declared: Mapping[str, JsonValue]) -> ResourceT | None:
    try:
        # As JSON, where strict models take lists for tuples and words for enums.
        return kind.model_validate_json(json.dumps(dict(declared)))
    except ValidationError:
        return None


def _lost(
    wanted: Resource,
    made: Resource | None,
    before: Facts,
    declared: Mapping[str, JsonValue],
    secrets: frozenset[str],
) -> Iterator[Lost]:
    facts = wanted.facts()
    back = {} if made is None else made.facts()
    along = frozenset() if made is None else made.takes_along(before)
    touched = [name for name, value in facts.items() if differs(value, before.get(name))]
    unsaid = [name for name in declared if name in before and name not in back and name not in facts]
    sideways = [name for name in back if name not in facts and name in before]
    for name in dict.fromkeys([*touched, *unsaid, *sideways]):
        done = name in along or (name in back and not differs(back[name], before.get(name)))
        if not done and name not in secrets:
            plain = NO_FORM if before.get(name) is not None else NOT_SET
            yield Lost(name, before.get(name), wanted.not_taken_back.get(name, plain))
    for name in sorted(secrets & wanted.model_fields_set):
        if name not in facts or differs(facts[name], before.get(name)):
            yield Lost(name, None, SECRET)


def _secret_fields(kind: type[Resource]) -> frozenset[str]:
    return frozenset(
        name for name, field in kind.model_fields.items() if Secret in _all_types(field.annotation)
    )


def _all_types(annotation: Any) -> set[Any]:
    return {annotation}.union(*map(_all_types, get_args(annotation))) if annotation else set()


def _said(wanted: Resource) -> dict[str, JsonValue]:
    said: dict[str, JsonValue] = wanted.model_dump(mode="json", exclude_unset=True, exclude={"absent"})
    return said
