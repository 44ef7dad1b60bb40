"""Accepts the connections of all doors of a lab in one thread, and can make a port refuse for a while."""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue

Connected = Callable[[socket.socket], None]


class _Order(Future[None]):
    """Something for the accepting thread to do, and how it went."""

    def __init__(self, act: Callable[[], None]) -> None:
        super().__init__()
        self._act = act

    def carry_out(self) -> None:
        try:
            self._act()
        except OSError as error:
            self.set_exception(error)
        else:
            self.set_result(None)


class Reception:
    """Ports on 127.0.0.1. `Connected` is called in the accepting thread and must hand on at once."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._wake, self._sleeper = socket.socketpair()
        self._selector.register(self._sleeper, selectors.EVENT_READ)
        self._orders: SimpleQueue[_Order] = SimpleQueue()
        self._listeners: dict[int, socket.socket] = {}
        self._open = True
        self._thread = threading.Thread(target=self._run, name="reception", daemon=True)
        self._thread.start()

    def open(self, connected: Connected) -> int:
        """Listen on a free port and return it."""
        listener = _bound(0)
        port: int = listener.getsockname()[1]
        self._order(lambda: self._listen(port, listener, connected))
        return port

    def refuse(self, port: int) -> None:
        """Refuse connections, but keep the port ours."""
        self._order(lambda: self._replace(port))

    def resume(self, port: int, connected: Connected) -> None:
        """Accept again."""
        self._order(lambda: self._listen(port, self._listeners[port], connected))

    def close(self) -> None:
        """Close all ports and end the thread."""
        self._order(self._stop)
        self._thread.join()

    def _order(self, act: Callable[[], None]) -> None:
        """Have the accepting thread do it: a selector belongs to one thread."""
        order = _Order(act)
        self._orders.put(order)
        self._wake.send(b"!")
        order.result()

    def _run(self) -> None:
        while self._open:
            for key, _ in self._selector.select():
                if key.fileobj is self._sleeper:
                    self._sleeper.recv(1)
                    self._orders.get().carry_out()
                else:
                    _accept(key)
        for listener in self._listeners.values():
            listener.close()
        self._selector.close()
        self._wake.close()
        self._sleeper.close()

    def _stop(self) -> None:
        self._open = False

    def _listen(self, port: int, listener: socket.socket, connected: Connected) -> None:
        listener.listen(128)
        listener.setblocking(False)
        self._listeners[port] = listener
        self._selector.register(listener, selectors.EVENT_READ, connected)

    def _replace(self, port: int) -> None:
        # A bound socket that does not listen refuses, and nobody else gets the number meanwhile.
        listener = self._listeners[port]
        self._selector.unregister(listener)
        listener.close()
        self._listeners[port] = _bound(port)


def _bound(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if sys.platform == "win32":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
    else:
        # Connections of the closed listener linger in TIME_WAIT; on Windows the option means another thing.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    return listener


def _accept(key: selectors.SelectorKey) -> None:
    listener = key.fileobj
    assert isinstance(listener, socket.socket)
    try:
        connection, _ = listener.accept()
    except OSError:
        # The client went away between its knock and our answer.
        return
    connection.setblocking(True)
    key.data(connection)


def reset(connection: socket.socket) -> None:
    """Close a connection of this thread so that the other side sees a reset, not an end."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _no_linger())
        # Detached, because a socket with files on it closes only with the last of them.
        socket.close(connection.detach())


def cut(connection: socket.socket) -> None:
    """End a connection that another thread may be reading."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _no_linger())
        # Not SSLSocket's own: that takes the TLS object away from the thread that reads with it.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


def _no_linger() -> bytes:
    # Windows' struct linger has two shorts, everybody else's two ints.
    return struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
