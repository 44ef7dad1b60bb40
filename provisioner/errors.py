"""Every error a user can meet, as one tree.

    ProvisionerError            70  our own bug, unless a subclass says otherwise
    |- ManifestError            64  the manifest is wrong; carries every complaint at once
    |- UsageError               64  the command line is wrong
    |- RefusedError              4  we may not do this
    |  |- StalePlanError         4  the site or the manifest moved since the plan was made
    |  `- HeldError              4  another run is writing on this host
    |- HostError                 3  a host did not give what we need; names the host
    |  |- UnreachableError       3  nobody answered
    |  |  `- NobodyThereError    3  no connection could be made: nothing was sent
    |  |- LoginRefusedError      3  the host refused the account; never tried twice
    |  |- CertificateError       3  not the certificate we were told to expect; no credential was sent
    |  |- OtherMachineError      3  another machine answers there than the one that was read
    |  |- BatchStoppedError      3  the batch ended on the host outside any of its steps
    |  `- ConversationError      3  it answered, but not with what our scripts say
    |- ScriptError               3  one script failed on a host; its items stay unknown
    |- SecretError               3  a secret reference could not be followed
    |- LabError                 64  the simulated site cannot do that
    `- InterruptedRun          130  Ctrl-C

An error says what happened, where, and what to do next. `steps` and `cli` decide which of several exit
codes a run ends with (`steps.exits.PRECEDENCE`).
"""

from __future__ import annotations

from typing import ClassVar


class ProvisionerError(Exception):
    """What happened, where it happened, and what the user can do next (each one sentence, no secrets)."""

    exit_code: ClassVar[int] = 70

    def __init__(self, what: str, *, where: str = "", next_step: str = "") -> None:
        self.what = what
        self.where = where
        self.next_step = next_step
        super().__init__(what)

    def __str__(self) -> str:
        said = f"{self.where}: {self.what}" if self.where else self.what
        return f"{said} {self.next_step}" if self.next_step else said


class ManifestError(ProvisionerError):
    """The manifest has faults. `complaints` holds all of them, in file order."""

    exit_code = 64

    def __init__(
        self, what: str, *, complaints: tuple[object, ...] = (), where: str = "", next_step: str = ""
    ) -> None:
        super().__init__(what, where=where, next_step=next_step)
        self.complaints = complaints


class UsageError(ProvisionerError):
    """The command line asks for something that does not exist or does not fit together."""

    exit_code = 64


class RefusedError(ProvisionerError):
    """A rule forbids what was asked; nothing was written."""

    exit_code = 4


class StalePlanError(RefusedError):
    """The manifest or the live facts are not those the plan was made from."""


class HeldError(RefusedError):
    """Another run holds the host's mutex (or the lab's state folder)."""


class HostError(ProvisionerError):
    """A host could not give us what we need. `where` is the host's name."""

    exit_code = 3


class UnreachableError(HostError):
    """No connection, or the connection was lost and could not be taken up again."""


class NobodyThereError(UnreachableError):
    """No connection could be made, so nothing was sent."""


class LoginRefusedError(HostError):
    """The host answered 401. Not tried again: accounts lock after a few failures."""


class CertificateError(HostError):
    """The TLS certificate is not the pinned or trusted one; checked before any credential is sent."""


class OtherMachineError(HostError):
    """The MachineGuid is not the one that was read: nothing that was planned holds there."""


class BatchStoppedError(HostError):
    """Not a step failed but what carries them: our folder or the run file could not be written."""


class ConversationError(HostError):
    """The host answered with something that is not a whole, checksummed answer of our scripts."""


class ScriptError(ProvisionerError):
    """One script threw on the host. `error_id` is PowerShell's FullyQualifiedErrorId."""

    exit_code = 3

    def __init__(self, what: str, *, error_id: str = "", where: str = "", next_step: str = "") -> None:
        super().__init__(what, where=where, next_step=next_step)
        self.error_id = error_id


class SecretError(ProvisionerError):
    """A secret reference points at nothing readable. Never carries the value."""

    exit_code = 3


class LabError(ProvisionerError):
    """The simulated site cannot be started, joined or asked that."""

    exit_code = 64


class InterruptedRun(ProvisionerError):
    """The person pressed Ctrl-C."""

    exit_code = 130
