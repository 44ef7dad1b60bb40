"""A shell on a Windows host: pywinrm's `Protocol`, opened when needed, with deadlines and one way to fail.

`Session.run_ps` is not used: it puts the script on the command line, opens a shell per call and leaks it
when a reply is lost (pywinrm issues 87, 184).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from winrm.exceptions import WinRMOperationTimeoutError
from winrm.protocol import Protocol as WinRM

from provisioner.errors import (
    ConversationError,
    HostError,
    NobodyThereError,
    ProvisionerError,
    SecretError,
    UnreachableError,
)
from provisioner.links.dial import Dial, LineAdapter
from provisioner.links.meter import Meter
from provisioner.links.patience import Patience
from provisioner.links.scripts import command_line
from provisioner.links.windows_faults import translated, was_dropped, was_refused_unread
from provisioner.links.windows_transport import DialledTransport
from provisioner.links.wire import Frames

OPERATION_SECONDS = 20
"""How long the host may sit on one request. WinRM allows 60 s at most (MaxTimeoutms)."""
CONNECT_SECONDS = 10
LARGEST_SEND = 100_000
"""Raw bytes per Send: base64 and envelope keep it below the 150 KB of old servers (MaxEnvelopeSizekb)."""
LAST = frozenset({"end", "held", "other_machine", "failed"})
"""Types of the frame that ends an answer."""


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


class WinrmShell:
    """One shell per connection. Used by one thread at a time: NTLM's sealing allows no other (issue 277)."""

    def __init__(
        self, target: Target, reveal: Callable[[], str], dial: Dial, meter: Meter, now_ms: Callable[[], int]
    ) -> None:
        self.target = target
        self.sent_ms: int | None = None
        """When the last piece of the newest request began to leave, by `now_ms`: it was not read before."""
        self._now_ms = now_ms
        self._reveal = reveal
        self._password: str | None = None
        self._dial = dial
        self._meter = meter
        self._winrm: WinRM | None = None
        self._shell: str | None = None
        self.address = target.addresses[0]
        """Of the target, the one that was tried last."""

    def converse(self, request: bytes) -> Iterator[dict[str, Any]]:
        """Run the bootstrap once with this request on its standard input; give its frames as they arrive.

        Raises `HostError`; after one the batch may still run on the host, so use `abandon`.
        """
        winrm, shell = self._open()
        program, arguments = command_line()
        run = partial(winrm.run_command, shell, program, arguments, console_mode_stdin=False)
        # Repeating it runs nothing twice: a bootstrap without its standard input only waits.
        command = self._once_more(winrm, run, also_lost=True)
        for start in range(0, len(request), LARGEST_SEND):
            piece = request[start : start + LARGEST_SEND]
            last = start + LARGEST_SEND >= len(request)
            self.sent_ms = self._now_ms()
            self._translating(partial(winrm.send_command_input, shell, command, piece, last))
        yield from self._receive(winrm, shell, command)

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

    def no_answer(self, said: bytes = b"") -> ConversationError:
        """The error for an answer that is not whole; `said` is what else was printed."""
        words = " ".join(said.decode("utf-8", "replace").split())[-300:]
        return ConversationError(
            "the host ended without a whole answer" + (f"; it said: {words}" if words else ""),
            where=self.target.name,
            next_step="Run again with -v; if it stays, see whether powershell.exe starts there.",
        )

    def _receive(self, winrm: WinRM, shell: str, command: str) -> Iterator[dict[str, Any]]:
        frames, errors, done, ended = Frames(), b"", False, False
        patience = Patience(self.target.name)
        while not done:
            piece, said, done = self._receive_once(winrm, shell, command)
            errors = (errors + said)[-4000:]
            for frame in frames.feed(piece):
                ended = ended or frame["type"] in LAST
                yield frame
                patience.renew()
            if not done:
                patience.check()
        if not ended:
            raise self.no_answer(frames.noise + errors)

    def _receive_once(self, winrm: WinRM, shell: str, command: str) -> tuple[bytes, bytes, bool]:
        def receive() -> tuple[bytes, bytes, int, bool]:
            try:
                return winrm.get_command_output_raw(shell, command)
            except WinRMOperationTimeoutError:
                return b"", b"", -1, False

        out, err, _, done = self._once_more(winrm, receive, also_lost=True)
        if not done:
            self._meter.not_counted()
        return out, err, done

    def _open(self) -> tuple[WinRM, str]:
        if self._winrm is not None and self._shell is not None:
            return self._winrm, self._shell
        lost: UnreachableError | None = None
        for address in self.target.addresses:
            try:
                return self._open_at(address)
            except UnreachableError as error:
                lost = lost or error
        assert lost is not None
        raise NobodyThereError(lost.what, where=lost.where, next_step=lost.next_step)

    def _open_at(self, address: str) -> tuple[WinRM, str]:
        self.address = address
        winrm = self._translating(lambda: self._protocol(address))
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
            "password": self._followed() if target.transport != "certificate" else None,
            "ca_trust_path": target.ca_file,
            "cert_pem": target.client_certificate,
            "cert_key_pem": target.client_key,
            # With a pin the fingerprint is the only trust anchor; without one the chain is checked.
            "server_cert_validation": "ignore" if target.certificate_sha256 else "validate",
            "proxy": target.proxy,
        }
        winrm = WinRM(
            # Its own transport is replaced below and never sends; it only asks that there be a password.
            **(settings | {"username": "-", "password": "-"}),
            transport="plaintext",
            read_timeout_sec=OPERATION_SECONDS + 10,
            operation_timeout_sec=OPERATION_SECONDS,
        )
        adapter = LineAdapter(self._dial, self._meter, target.certificate_sha256)
        winrm.transport = DialledTransport(
            adapter,
            CONNECT_SECONDS,
            **settings,
            auth_method=target.transport,
            read_timeout_sec=OPERATION_SECONDS + 10,
        )
        return winrm

    def _followed(self) -> str:
        """The password, followed once: a command behind it may ask a person, or count its calls."""
        if self._password is None:
            try:
                self._password = self._reveal()
            except SecretError as error:
                raise HostError(error.what, where=self.target.name, next_step=error.next_step) from None
        return self._password

    def _translating(self, call: Callable[[], Any]) -> Any:
        """Everything that pywinrm may throw, as ours. `from None`, since a body may hang on the original."""
        try:
            return call()
        except ProvisionerError:
            raise
        except Exception as error:
            raise self._ours(error) from None

    def _ours(self, error: Exception) -> HostError:
        return translated(error, self.target.name, f"{self.address}:{self.target.port}", self.target.username)

    def _once_more(self, winrm: WinRM, call: Callable[[], Any], *, also_lost: bool = False) -> Any:
        """Repeat once after the connection was renewed, where that cannot run anything twice.

        A 400 means that the host could not read the body: after an idle connection was closed, NTLM starts
        anew while the body is still sealed for the old context (measured). With `also_lost` it is repeated
        after any loss: a Receive with the same ids, and a Command, since without input it does nothing.
        """
        try:
            return call()
        except Exception as error:
            if not (was_refused_unread(error) or (also_lost and was_dropped(error))):
                raise self._ours(error) from None
        winrm.transport.close_session()
        return self._translating(call)
