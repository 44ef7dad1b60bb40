"""What forbids every change on a host, whatever is declared there. Pure."""

from __future__ import annotations

from provisioner.resources.base import Reason, Refusal
from provisioner.resources.host_facts import HostFacts


def forbids(facts: HostFacts) -> Refusal | None:
    """Why nothing may be written there, and how to proceed; what is known goes before the unknown."""
    if facts.sixty_four_bit is False:
        return _NOT_SIXTY_FOUR_BIT
    if facts.elevated is False:
        return _NOT_ELEVATED
    if facts.write_filter:
        return _write_filter(facts)
    if facts.elevated is None or facts.sixty_four_bit is None:
        return _ACCOUNT_UNKNOWN
    return _FILTER_UNKNOWN if facts.write_filter is None else None


def _write_filter(facts: HostFacts) -> Refusal:
    """Where somebody has switched it off already, only the restart is missing."""
    off = "" if facts.write_filter_next is False else "run `uwfmgr filter disable` on the host, "
    steps = f"{off}restart it, apply, then run `uwfmgr filter enable` and restart it again."
    return Refusal(
        Reason.WRITE_FILTER,
        "the Unified Write Filter is on: every change would be lost at the next restart",
        steps[0].upper() + steps[1:],
    )


_NOT_SIXTY_FOUR_BIT = Refusal(
    Reason.NOT_64_BIT,
    "PowerShell runs there as a 32-bit process, which sees another registry and no local accounts",
    "Let WinRM start the 64-bit PowerShell: the host needs a 64-bit Windows and the shells of its own WinRM.",
)
_NOT_ELEVATED = Refusal(
    Reason.NOT_ELEVATED,
    "our account has no administrator's rights there over the network",
    "Make it a member of Administrators; for a local account other than the built-in Administrator also set "
    "LocalAccountTokenFilterPolicy to 1 (docs/prepare.md), or log on with a domain account.",
)
_ACCOUNT_UNKNOWN = Refusal(
    Reason.READ_FAILED,
    "whether our account has an administrator's rights there could not be read",
    "Run `whoami /groups` on the host with this account, mend what it says, and plan again.",
)
_FILTER_UNKNOWN = Refusal(
    Reason.READ_FAILED,
    "whether the Unified Write Filter is on, and would throw every change away, could not be read",
    "Run `uwfmgr filter get-config` on the host, mend what it says, and plan again.",
)
