"""The line to a Windows host: pywinrm's `Protocol`, one shell per host and run, one document per request.

`Session.run_ps` is not used: it puts the script on the command line, opens a shell per call and leaks it
when a reply is lost (pywinrm issues 87, 184).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from winrm.exceptions import WinRMOperationTimeoutError
from winrm.protocol import Protocol as WinRM

from provisioner.errors import ConversationError, HeldError, ProvisionerError, ScriptError, UnreachableError
from provisioner.links.dial import Dial, LineAdapter
from provisioner.links.meter import Meter
from provisioner.links.scripts import command_line
from provisioner.links.windows_faults import LOST, translated, was_dropped, was_refused_unread
from provisioner.links.windows_transport import DialledTransport
from provisioner.links.wire import Frames, ask_request, change_request
from provisioner.resources.base import Ask, ClockOffset, Reply, Secret
from provisioner.resources.conversation import (
    Answers,
    Batch,
    LeftOverTaken,
    News,
    step_result,
)
from provisioner.resources.host import FILETIME_1970, run_file

OPERATION_SECONDS = 20
"""How long the host may sit on one request. WinRM allows 60 s at most (MaxTimeoutms)."""
LARGEST_SEND = 100_000
"""Raw bytes per Send: base64 and envelope keep it below the 150 KB of old servers (MaxEnvelopeSizekb)."""


@dataclass(frozen=True)
class Target:
    """Where a host answers and how to prove who is who. `addresses` are tried in order."""

    name: str
    addresses: tuple[str, ...]
    port: int
    https: bool
    transport: str
    username: str
    certificate_sha256: str | None = None
    ca_file: str | None = None
    client_certificate: str | None = None
    client_key: str | None = None
    proxy: str | None = None


class AskingWindowsLine:
    """Can only ask: no write script, no batch and no `Change` passes through it."""

    def __init__(
        self,
        target: Target,
        reveal: Callable[[], str],
        dial: Dial,
        run: str,
        *,
        answer_seconds: float = 180,
        connect_seconds: int = 10,
    ) -> None:
        self.target = target
        self.meter = Meter("winrm")
        self._reveal = reveal
        self._dial = dial
        self._run = run
        self._answer_seconds = answer_seconds
        self._connect_seconds = connect_seconds
        self._winrm: WinRM | None = None
        self._shell: str | None = None
        self._clock_offset_ms: int | None = None
        self._address = target.addresses[0]

    def ask(self, calls: Sequence[Ask], *, poll: bool = False) -> Sequence[Reply | ScriptError]:
        """One conversation for all calls. Raises `HostError`."""
        for call in calls:
            if not isinstance(call, Ask):
                # Promise 1: not even a kind with a fault in its read can make this line write.
                raise ProvisionerError(f"{call!r} is not a question, and this line can only ask")
        before = self.meter.requests
        try:
            for frame in self._converse(ask_request(self._run, calls)):
                if frame["type"] == "end":
                    return self._replies(frame, calls)
            raise self._no_answer(b"")
        finally:
            if poll:
                self.meter.not_counted(self.meter.requests - before)

    def hang_up(self) -> None:
        """Delete the shell and disconnect. Only that frees what it holds on the host (MS-WSMV note 118)."""
        winrm, shell = self._winrm, self._shell
        self._winrm = self._shell = None
        if winrm is None:
            return
        try:
            if shell is not None:
                winrm.close_shell(shell, close_session=False)
        except Exception:  # noqa: S110  the host may be gone; its idle timeout frees the shell
            pass
        finally:
            winrm.transport.close_session()

    def abandon(self) -> None:
        """Disconnect without deleting the shell: deleting it would end a batch that still runs there."""
        winrm, self._winrm, self._shell = self._winrm, None, None
        if winrm is not None:
            winrm.transport.close_session()

    def _replies(self, frame: dict[str, Any], calls: Sequence[Ask]) -> tuple[Reply | ScriptError, ...]:
        heard_ms = time.time_ns() // 1_000_000
        host_ms = (int(frame["utc_filetime"]) - FILETIME_1970) // 10_000
        self._clock_offset_ms = host_ms - heard_ms
        if len(frame["replies"]) != len(calls):
            raise self._no_answer(b"")
        return tuple(self._reply(call, row) for call, row in zip(calls, frame["replies"], strict=True))

    def _reply(self, call: Ask, row: dict[str, Any]) -> Reply | ScriptError:
        if row["ok"]:
            return Reply(row["value"], self._clock_offset_ms)
        error = row["error"]
        return ScriptError(
            f"{call.script}.read.ps1 failed: {error['message']}", error_id=error["id"], where=self.target.name
        )

    def _converse(self, request: bytes) -> Iterator[dict[str, Any]]:
        """Run the bootstrap once with this request; give its frames as they arrive."""
        winrm, shell = self._open()
        program, arguments = command_line()
        command = self._once_more(
            winrm,
            lambda: winrm.run_command(shell, program, arguments, console_mode_stdin=False),
        )
        for start in range(0, len(request), LARGEST_SEND):
            piece = request[start : start + LARGEST_SEND]
            last = start + LARGEST_SEND >= len(request)
            self._translating(partial(winrm.send_command_input, shell, command, piece, last))
        yield from self._receive(winrm, shell, command)

    def _receive(self, winrm: WinRM, shell: str, command: str) -> Iterator[dict[str, Any]]:
        frames, errors, done = Frames(), b"", False
        deadline = time.monotonic() + self._answer_seconds
        ended = False
        while not done:
            piece, said, done = self._receive_once(winrm, shell, command)
            errors = (errors + said)[-4000:]
            for frame in frames.feed(piece):
                ended = ended or frame["type"] in ("end", "held", "other_machine")
                yield frame
            if not done and time.monotonic() > deadline:
                raise UnreachableError(
                    f"no whole answer within {self._answer_seconds:.0f} s",
                    where=self.target.name,
                    next_step="Look at the host's load, then run the command again.",
                )
        if not ended:
            raise self._no_answer(frames.noise + errors)

    def _receive_once(self, winrm: WinRM, shell: str, command: str) -> tuple[bytes, bytes, bool]:
        try:
            out, err, _, done = self._once_more(
                winrm, lambda: winrm.get_command_output_raw(shell, command), also_lost=True
            )
        except WinRMOperationTimeoutError:
            out, err, done = b"", b"", False
        if not done:
            self.meter.not_counted()
        return out, err, done

    def _open(self) -> tuple[WinRM, str]:
        if self._winrm is not None and self._shell is not None:
            return self._winrm, self._shell
        lost: ProvisionerError | None = None
        for address in self.target.addresses:
            try:
                return self._open_at(address)
            except UnreachableError as error:
                lost = lost or error
        assert lost is not None
        raise lost

    def _open_at(self, address: str) -> tuple[WinRM, str]:
        self._address = f"{address}:{self.target.port}"
        winrm = self._protocol(address)
        try:
            shell = self._translating(
                lambda: winrm.open_shell(codepage=65001, noprofile=True, idle_timeout="PT900S")
            )
        except BaseException:
            winrm.transport.close_session()
            raise
        self._winrm, self._shell = winrm, shell
        return winrm, shell

    def _protocol(self, address: str) -> WinRM:
        target = self.target
        scheme = "https" if target.https else "http"
        host = f"[{address}]" if ":" in address else address
        settings: dict[str, Any] = {
            "endpoint": f"{scheme}://{host}:{target.port}/wsman",
            "username": target.username,
            "password": self._reveal() if target.transport != "certificate" else None,
            "ca_trust_path": target.ca_file,
            "cert_pem": target.client_certificate,
            "cert_key_pem": target.client_key,
            # With a pin the fingerprint is the only trust anchor; without one the chain is checked.
            "server_cert_validation": "ignore" if target.certificate_sha256 else "validate",
            "proxy": target.proxy,
        }
        winrm = WinRM(
            **settings,
            transport="plaintext",  # replaced below; this one never sends
            read_timeout_sec=OPERATION_SECONDS + 10,
            operation_timeout_sec=OPERATION_SECONDS,
        )
        adapter = LineAdapter(self._dial, self.meter, target.certificate_sha256)
        winrm.transport = DialledTransport(
            adapter,
            self._connect_seconds,
            **settings,
            auth_method=target.transport,
            read_timeout_sec=OPERATION_SECONDS + 10,
        )
        return winrm

    def _translating(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except LOST as error:
            raise translated(error, self.target.name, self._address, self.target.username) from error

    def _once_more(self, winrm: WinRM, call: Callable[[], Any], *, also_lost: bool = False) -> Any:
        """Repeat once after the connection was renewed, where that cannot run anything twice.

        A 400 means that the host could not read the body: after an idle connection was closed, NTLM starts
        anew while the body is still sealed for the old context (measured). A Receive may be repeated with
        the same ids after any loss.
        """
        try:
            return call()
        except LOST as error:
            if not (was_refused_unread(error) or (also_lost and was_dropped(error))):
                raise translated(error, self.target.name, self._address, self.target.username) from error
        winrm.transport.close_session()
        return self._translating(call)

    def _no_answer(self, said: bytes) -> ConversationError:
        words = " ".join(said.decode("utf-8", "replace").split())[-300:]
        return ConversationError(
            "the host ended without a whole answer" + (f"; it said: {words}" if words else ""),
            where=self.target.name,
            next_step="Run again with -v; if it stays, see whether powershell.exe starts there.",
        )


class ChangingWindowsLine(AskingWindowsLine):
    """Can also write. Built only for `apply`."""

    def __init__(self, *args: Any, reveal_secret: Callable[[Secret], str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._reveal_secret = reveal_secret

    def change(self, batch: Batch) -> Iterator[News]:
        """Send a batch and give its news. Raises `HeldError` where another run writes, and `HostError`."""
        for frame in self._converse(change_request(self._run, batch, self._fill)):
            yield self._news(frame, batch)

    def _news(self, frame: dict[str, Any], batch: Batch) -> News:
        match frame["type"]:
            case "step":
                return step_result(frame)
            case "left_over":
                run, rows = run_file(frame["lines"])
                return LeftOverTaken(run, tuple(step_result(row) for row in rows))
            case "end":
                return Answers(self._replies(frame, batch.asks))
            case "held":
                raise self._held(run_file(frame["lines"])[0])
            case _:
                raise self._another_machine()

    def _fill(self, place: Secret | ClockOffset) -> str | int:
        if isinstance(place, Secret):
            return self._reveal_secret(place)
        if self._clock_offset_ms is None:
            raise ConversationError("the host's clock was never read in this run", where=self.target.name)
        return self._clock_offset_ms

    def _held(self, run: str) -> HeldError:
        return HeldError(
            f"run {run} is writing on this host",
            where=self.target.name,
            next_step="Wait until it has ended, then run this again.",
        )

    def _another_machine(self) -> ConversationError:
        return ConversationError(
            "another machine answers there now than when it was read",
            where=self.target.name,
            next_step="Find out which machine holds the address, then plan again.",
        )
