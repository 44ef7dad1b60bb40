"""Who owns the update policies of a machine, and how we write them: preference, policy file, domain."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any, TypeAlias

from pydantic import JsonValue

from provisioner.resources.base import Argument, Facts, Observed, Reason, Refusal
from provisioner.resources.comparing import differing, owned_by_policy
from provisioner.resources.registry_pol import PolicyFileError, numbers, patch, raise_version
from provisioner.resources.windows_update_values import KEYS, Changes, meaning, numbers_for

IN_STEP = "in_step"
OUT_OF_STEP = "out_of_step"
UNREADABLE = "unreadable"

InFile: TypeAlias = Mapping[str, "int | str | None"]


def live(raw: Mapping[str, Any], declared: Facts) -> dict[str, JsonValue]:
    """Live facts; whether the policy file is in step counts for the declared fields only."""
    registry: Mapping[str, JsonValue] = raw["policy"]
    try:
        in_file = _in_file(raw)
    except PolicyFileError:
        in_file = None
    return {
        **meaning(registry),
        "policy_file": _step(raw, in_file, frozenset(numbers_for(declared))),
        "owner": _owner(raw, in_file or {}),
        "preferred_active_hours": raw["preference"],
        "never_restarts_while_somebody_is_logged_on": raw["no_restart_with_users"] == 1,
    }


def _in_file(raw: Mapping[str, Any]) -> InFile:
    """Number by value name, for our values that the file mentions."""
    content = raw["policy_file"]
    found = numbers(b64decode(content) if content else None)
    targets = {name: (_in_policy_file(key).casefold(), name.casefold()) for name, key in KEYS.items()}
    return {name: found[target] for name, target in targets.items() if target in found}


def _in_policy_file(key: str) -> str:
    return key.removeprefix("HKLM\\")


def _step(raw: Mapping[str, Any], in_file: InFile | None, names: frozenset[str]) -> str:
    if in_file is None:
        return UNREADABLE
    # In a domain its policies fill the registry, and the local file says nothing about them.
    if raw["part_of_domain"] or not _strangers(raw, in_file, names):
        return IN_STEP
    return OUT_OF_STEP


def _strangers(raw: Mapping[str, Any], in_file: InFile, names: frozenset[str]) -> frozenset[str]:
    """The registry values that the local policy file did not put there."""
    return frozenset(name for name in names if raw["policy"][name] != in_file.get(name))


def _owner(raw: Mapping[str, Any], in_file: InFile) -> str:
    if raw["part_of_domain"] and _strangers(raw, in_file, frozenset(KEYS)):
        return "domain_policy"
    configured = in_file or any(number is not None for number in raw["policy"].values())
    return "local_policy" if configured else "preference"


def refuse(declared: Facts, live: Observed) -> Refusal | None:
    """No write against a domain's policy, and none into a file that we cannot read."""
    raw: Mapping[str, Any] = live.rests_on
    if live.facts["policy_file"] == UNREADABLE:
        return Refusal(
            Reason.GUARD,
            "the local policy file Registry.pol is not in the form that Windows writes",
            "Open and save a setting in gpedit.msc on the machine, or move the file away, then plan again.",
        )
    if not raw["part_of_domain"]:
        return None
    in_file, changed = _in_file(raw), differing(declared, live.facts)
    owned = frozenset(
        field
        for field in changed
        if _strangers(raw, in_file, frozenset(numbers_for({field: declared[field]})))
    )
    return owned_by_policy(owned, part_of_domain=True) if owned else None


def writing(wanted: Changes, raw: Mapping[str, Any]) -> Mapping[str, Argument]:
    """Arguments of the write: registry values (null removes), and both policy files as finished bytes."""
    policy_file, gpt_ini = (b64decode(raw[name] or "") for name in ("policy_file", "gpt_ini"))
    rows: list[JsonValue] = [
        {"key": KEYS[name], "name": name, "number": number} for name, number in wanted.items()
    ]
    patched = patch(
        policy_file, [(_in_policy_file(KEYS[name]), name, number) for name, number in wanted.items()]
    )
    return {
        "values": rows,
        "policy_file": b64encode(patched).decode("ascii"),
        "gpt_ini": b64encode(raise_version(gpt_ini)).decode("ascii"),
    }
