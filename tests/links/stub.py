"""Hosts that are not WinRM, on loopback sockets: what they answer is written down, what they hear is kept."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import create_connection, socket
from typing import Any

from provisioner.errors import HostError
from provisioner.links.windows import AskingWindowsLine
from provisioner.links.winrm_shell import Target
from provisioner.resources.base import Ask

Answer = tuple[int, dict[str, str], bytes]


class Stub(ThreadingHTTPServer):
    """Answers each POST with the next of `answers`, the last one again and again."""

    daemon_threads = True

    def __init__(self, answers: list[Answer]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = answers
        self.heard: list[tuple[str, dict[str, str], bytes]] = []

    @property
    def port(self) -> int:
        return self.server_port

    def handle_error(self, *_: Any) -> None:
        """A caller that hangs up early is what these tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Stub

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        heard = self.server.heard
        status, headers, said = self.server.answers[min(len(heard), len(self.server.answers) - 1)]
        heard.append((self.path, dict(self.headers), body))
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(said))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(said)

    def do_CONNECT(self) -> None:
        """A proxy: joins the caller with whom it names; here everybody is on loopback."""
        self.server.heard.append((self.path, dict(self.headers), b""))
        far = create_connection(("127.0.0.1", int(self.path.rpartition(":")[2])))
        self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        back = threading.Thread(target=_pour, args=(far, self.connection), daemon=True)
        back.start()
        _pour(self.connection, far)
        back.join()
        far.close()
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Nothing on stderr."""


def _pour(source: socket, sink: socket) -> None:
    try:
        while piece := source.recv(65536):
            sink.sendall(piece)
        sink.shutdown(1)
    except OSError:
        pass


@contextmanager
def stub(*answers: Answer, tls: ssl.SSLContext | None = None) -> Iterator[Stub]:
    server = Stub(list(answers) or [(404, {}, b"")])
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def line_to(
    server: Stub, reveal: Callable[[], str] = lambda: "hunter2", **settings: Any
) -> AskingWindowsLine:
    """A line to a stub, Basic over plain HTTP unless said otherwise (which a manifest may not say)."""
    chosen = {"https": False, "transport": "basic", "username": "u"} | settings
    target = Target("cr1", ("127.0.0.1",), server.port, **chosen)
    return AskingWindowsLine(target, reveal, lambda host, port: (host, port), "run")


def failure(line: AskingWindowsLine) -> HostError:
    """How the host's one error ends the conversation."""
    try:
        line.ask([Ask("host")])
    except HostError as error:
        line.hang_up()
        return error
    raise AssertionError("it should have failed")
