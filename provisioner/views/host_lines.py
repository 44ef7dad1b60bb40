"""The machine itself in a plan for people: what is worth seeing before anything is applied."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from provisioner.views.words import PENDING, said


def about(facts: Mapping[str, JsonValue], *, whole: bool = False) -> list[str]:
    """A line each; nothing where there is nothing to say. `whole` also says what stands there."""
    lines = [_device(facts)] if whole else []
    reasons = facts.get("pending_restart")
    if isinstance(reasons, list) and reasons:
        lines.append("* a restart is pending: " + ", ".join(PENDING.get(str(r), str(r)) for r in reasons))
    if facts.get("write_filter"):
        lines.append("* the write filter is on")
    elif facts.get("write_filter_next"):
        lines.append("* the write filter is on from the next restart")
    if facts.get("logged_on"):
        lines.append(f"* {facts['logged_on']} is logged on")
    return [said(line) for line in lines if line]


def _device(facts: Mapping[str, JsonValue]) -> str:
    """`AXIS S9002 Mk II, serial B8A44F0A1B2C, BIOS 1.4.2 of 2021-03-04, Windows ... build 19044.1288`."""
    parts = (
        ("", ("model",)),
        ("serial ", ("serial",)),
        ("BIOS ", ("bios_version", "bios_date")),
        ("", ("windows",)),
        ("build ", ("build",)),
        ("domain ", ("domain",)),
    )
    known = ((word, [str(facts[name]) for name in names if facts.get(name)]) for word, names in parts)
    return ", ".join(word + " of ".join(found) for word, found in known if found)
