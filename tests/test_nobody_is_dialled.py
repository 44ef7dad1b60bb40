"""The suite's own guard works, here and in child processes."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest


def test_connecting_off_loopback_is_an_error() -> None:
    with socket.socket() as probe, pytest.raises(OSError, match="only use loopback"):
        probe.connect(("192.0.2.1", 9))


@pytest.mark.parametrize("address", ["", "0.0.0.0", "192.0.2.1"])
def test_listening_off_loopback_is_an_error(address: str) -> None:
    with socket.socket() as probe, pytest.raises(OSError, match="only use loopback"):
        probe.bind((address, 0))


def test_looking_up_a_name_is_an_error() -> None:
    with pytest.raises(OSError, match="look up no names"):
        socket.getaddrinfo("harbour.example", 80)


@pytest.mark.parametrize(
    "attempt", ["s.connect(('192.0.2.1', 9))", "socket.getaddrinfo('harbour.example', 80)"]
)
def test_child_processes_are_held_too(attempt: str) -> None:
    code = f"import socket; s = socket.socket(); {attempt}"
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert child.returncode != 0
    assert "NobodyIsDialled" in child.stderr
