"""The words for actions, reasons, risks and causes. One place, so that all views say the same."""

from __future__ import annotations

import unicodedata

from pydantic import JsonValue

from provisioner.resources.base import Reason, Risk
from provisioner.steps.events import Happened
from provisioner.steps.plan_value import Action, Cause

SIGN = {
    Action.KEEP: "=",
    Action.CREATE: "+",
    Action.UPDATE: "~",
    Action.DELETE: "-",
    Action.OPERATOR_STEP: ">",
    Action.REFUSED: "!",
    Action.UNKNOWN: "?",
}

COUNTED = {
    "create": "to create",
    "update": "to update",
    "delete": "to delete",
    "operator_step": "for a person",
    "refused": "refused",
    "unknown": "unknown",
    "keep": "as declared",
    "restart_pending": "waiting for a restart",
}

RISK = {
    Risk.RESTART: "needs a restart",
    Risk.STOPS_RECORDING: "stops recording",
    Risk.CUTS_WAY_IN: "may cut our way in",
    Risk.RIGHTS_GAINED: "gives rights",
    Risk.MOVES_CLOCK: "moves the clock",
}

REASON = {
    Reason.AS_DECLARED: "as declared",
    Reason.DIFFERS: "differs",
    Reason.MISSING: "missing",
    Reason.DECLARED_ABSENT: "declared absent",
    Reason.RESTART_PENDING: "written; takes effect with the restart",
    Reason.INTERRUPTED_RUN: "left by an interrupted run",
    Reason.READ_FAILED: "could not be read",
    Reason.HOST_UNREACHABLE: "the host could not be reached",
    Reason.LOGIN_REFUSED: "the host refused the account",
    Reason.CERTIFICATE_REFUSED: "the host's certificate is not the expected one",
    Reason.OWNED_BY_DOMAIN_POLICY: "a domain policy owns it",
    Reason.NOT_ON_THIS_HOST: "this host cannot",
    Reason.GUARD: "guarded",
    Reason.WRITE_FILTER: "the write filter is on",
    Reason.NOT_ELEVATED: "no administrator's rights",
    Reason.NOT_64_BIT: "a 32-bit PowerShell",
}

PENDING = {
    "component_servicing": "component servicing",
    "windows_update": "Windows Update",
    "file_renames": "file renames (often an updater's)",
    "rename": "another computer name",
    "domain_join": "joining a domain",
    "updaters": "an older updater",
    "our_own": "our own change",
}
"""Why a restart is pending, by windows' and our own signs."""

CAUSE = {
    Cause.CHANGED_BY_HAND: "changed by hand",
    Cause.MANIFEST_CHANGED: "the manifest changed",
    Cause.BOTH: "changed by hand, and the manifest changed",
    Cause.ROLLED_BACK: "rolled back",
    Cause.NEVER_APPLIED: "never applied",
}

HAPPENED = {
    Happened.SENDING: "sending",
    Happened.LEFT_OVER_TAKEN: "took over an interrupted run",
    Happened.STEP_DONE: "done",
    Happened.STEP_FAILED: "FAILED",
    Happened.STEP_SKIPPED: "skipped",
    Happened.STEP_MOVED: "REFUSED, it has moved since the plan",
    Happened.VERIFIED: "verified",
    Happened.NOT_VERIFIED: "NOT as declared after writing",
    Happened.UNKNOWN: "UNKNOWN",
    Happened.RESTARTING: "restarting",
    Happened.RESTARTED: "restarted",
    Happened.RESTART_WAITS: "restart pending",
    Happened.NETWORK_CHANGING: "changing its network",
    Happened.NETWORK_CONFIRMED: "reached at its new address, confirmed",
    Happened.NETWORK_LOST: "NOT reached at its new address",
    Happened.NETWORK_REVERTED: "FAILED, its network change was taken back",
    Happened.NETWORK_FORGOTTEN: "cleared away what an earlier change of its network left",
    Happened.HOST_FAILED: "FAILED",
    Happened.HOST_REFUSED: "REFUSED",
    Happened.CONNECTION_LOST: "connection lost, asking again",
}

LONGEST = 200
"""Characters of one value in a line for people."""
LONGEST_SAID = 500
"""Characters of what a host said."""


def plain(text: str) -> str:
    """Text from a site or a host, without anything that a terminal would obey or that turns lines around."""
    return "".join(char if _harmless(char) else f"\\u{ord(char):04x}" for char in text)


def _harmless(char: str) -> bool:
    category = unicodedata.category(char)
    return category[0] != "C" and category not in ("Zl", "Zp")


def value(content: JsonValue) -> str:
    """A field's value for a line: short, one line, unmistakable when empty."""
    match content:
        case None:
            return "(not set)"
        case bool():
            return "yes" if content else "no"
        case list():
            return _cut("[" + ", ".join(value(inner) for inner in content) + "]")
        case dict():
            return _cut(
                "{" + ", ".join(f"{plain(key)}: {value(inner)}" for key, inner in content.items()) + "}"
            )
        case str():
            return _cut(plain(content)) or '""'
        case _:
            return str(content)


def said(text: str) -> str:
    """What a host or a person said, in one line of bounded length."""
    return _cut(plain(text), LONGEST_SAID)


def _cut(text: str, longest: int = LONGEST) -> str:
    return text if len(text) <= longest else f"{text[:longest]}... ({len(text)} characters)"


def counted(summary: dict[str, int]) -> str:
    """`2 to update, 6 as declared`; what is zero is not said."""
    totals = [f"{summary[name]} {words}" for name, words in COUNTED.items() if summary.get(name)]
    return ", ".join(totals) or "nothing declared"
