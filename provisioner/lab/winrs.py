"""Remote shells and the processes in them, with the service's quotas. Knows no XML and no HTTP."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from provisioner.lab.wsman import WsmanFault

MAX_SHELLS_PER_USER = 30
MAX_OPERATIONS_PER_USER = 1500
MAX_STDIN_BYTES = 64 * 1024 * 1024
PIPE_SECONDS = 0.2
"""How long output waits for the end of its process, so that a short command's output and its end travel
together, as they do in recordings from Windows."""

SHELL_GONE = "The request for the Windows Remote Shell failed because the shell was not found on the server."
COMMAND_GONE = "The Windows Remote Shell received a request for a command identifier that does not exist."

Program = Callable[["Process"], int]
"""Runs in the process's own thread and returns the exit code."""


@dataclass(frozen=True)
class Output:
    """One Receive: bytes of both streams, and the exit code once all of them are out."""

    stdout: bytes
    stderr: bytes
    exit_code: int | None


class Process:
    """One command. Its program runs in a thread of its own, so it outlives the client's connection."""

    def __init__(self, program: Program) -> None:
        self.id = str(uuid.uuid4()).upper()
        self.most_bytes: int | None = None
        """An injected fault: output comes in pieces of at most this size."""
        self.torn = False
        """An injected fault: the last frame comes in half."""
        self.on_kill: Callable[[], object] = lambda: None
        """Called when it is ended from outside, besides `alive` saying so."""
        self._program = program
        self._news = threading.Condition()
        self._stdin = bytearray()
        self._stdin_ended = False
        self._streams = {"stdout": bytearray(), "stderr": bytearray()}
        self._exit_code: int | None = None
        self._killed = False

    def start(self) -> None:
        """Begin; the program may wait for its standard input."""
        threading.Thread(target=self.run, name=f"process {self.id}", daemon=True).start()

    def run(self) -> None:
        """The program to its end, in this thread."""
        try:
            code = self._program(self)
        except Exception as error:
            self.write("stderr", f"{type(error).__name__}: {error}\r\n".encode())
            code = 1
        with self._news:
            self._exit_code = code
            self._news.notify_all()

    def alive(self) -> bool:
        """Whether nobody ended it."""
        return not self._killed

    def kill(self) -> None:
        """End it: its shell was deleted, it was signalled, or the machine went down."""
        with self._news:
            self._killed = True
            self._news.notify_all()
        self.on_kill()

    def feed(self, piece: bytes, *, end: bool) -> None:
        """Bytes for standard input; what comes after its end is ignored."""
        with self._news:
            if self._stdin_ended:
                return
            if len(self._stdin) + len(piece) > MAX_STDIN_BYTES:
                raise WsmanFault(14, "w:InternalError", "Not enough memory for standard input.")
            self._stdin += piece
            self._stdin_ended = end
            self._news.notify_all()

    def read_stdin(self) -> bytes:
        """Everything up to the end of standard input; waits for it."""
        with self._news:
            self._news.wait_for(lambda: self._stdin_ended or self._killed)
            return bytes(self._stdin)

    def write(self, stream: str, piece: bytes) -> None:
        """Print on `stdout` or `stderr`."""
        with self._news:
            self._streams[stream] += piece
            self._news.notify_all()

    def take(self, most_bytes: int, timeout_seconds: float) -> Output | None:
        """What there is to receive, at most `most_bytes`; None when nothing came in time."""
        with self._news:
            if not self._news.wait_for(self._has_news, timeout_seconds):
                return None
            self._news.wait_for(self._ended, min(PIPE_SECONDS, timeout_seconds))
            room = min(most_bytes, self.most_bytes or most_bytes)
            stdout = self._cut("stdout", room)
            stderr = self._cut("stderr", room - len(stdout))
            over = self._ended() and not any(self._streams.values())
            return Output(stdout, stderr, self._final_code() if over else None)

    def _has_news(self) -> bool:
        return self._ended() or any(self._streams.values())

    def _ended(self) -> bool:
        return self._exit_code is not None or self._killed

    def _final_code(self) -> int:
        return 1 if self._exit_code is None else self._exit_code

    def _cut(self, stream: str, room: int) -> bytes:
        piece = bytes(self._streams[stream][:room])
        del self._streams[stream][: len(piece)]
        return piece


@dataclass
class Shell:
    """One remote shell of one user."""

    owner: str
    idle_seconds: float
    id: str = field(default_factory=lambda: str(uuid.uuid4()).upper())
    operations: int = 0
    processes: dict[str, Process] = field(default_factory=dict)
    used: float = field(default_factory=time.monotonic)


class Shells:
    """All shells of one machine."""

    def __init__(self) -> None:
        self._shells: dict[str, Shell] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._shells)

    def create(self, owner: str, idle_seconds: float) -> Shell:
        """Open one. Raises the quota fault at the 31st of a user."""
        with self._lock:
            self._forget_idle()
            if len(self._of(owner)) >= MAX_SHELLS_PER_USER:
                raise WsmanFault(
                    2150859173,
                    "w:QuotaLimit",
                    f"This user is allowed a maximum number of {MAX_SHELLS_PER_USER} concurrent shells, "
                    "which has been exceeded. Close existing shells or raise the quota for this user.",
                )
            shell = Shell(owner, idle_seconds)
            self._shells[shell.id] = shell
            return shell

    def start(self, shell_id: str, owner: str, program: Program) -> Process:
        """Start a command. The user's operations go down only with the shell (MS-WSMV, note 118)."""
        with self._lock:
            shell = self._shell(shell_id, owner)
            if sum(other.operations for other in self._of(owner)) >= MAX_OPERATIONS_PER_USER:
                raise WsmanFault(
                    2150859174,
                    "w:QuotaLimit",
                    f"This user is allowed a maximum number of {MAX_OPERATIONS_PER_USER} concurrent "
                    "operations, which has been exceeded. Close existing operations for this user.",
                )
            shell.operations += 1
            process = Process(program)
            shell.processes[process.id] = process
        return process

    def process(self, shell_id: str, owner: str, command_id: str) -> Process:
        """Find a command. Raises the fault for a missing shell or command."""
        with self._lock:
            process = self._shell(shell_id, owner).processes.get(command_id.upper())
        if process is None:
            raise WsmanFault(2150858843, "w:InvalidSelectors", COMMAND_GONE)
        return process

    def forget(self, shell_id: str, owner: str, command_id: str) -> None:
        """A command that is done, or was signalled, has no identifier any more."""
        with self._lock:
            process = self._shell(shell_id, owner).processes.pop(command_id.upper(), None)
        if process is not None:
            process.kill()

    def delete(self, shell_id: str, owner: str) -> None:
        """Close a shell; its processes end with it."""
        with self._lock:
            shell = self._shell(shell_id, owner)
            del self._shells[shell.id]
        _end_all(shell)

    def power_off(self) -> None:
        """The machine goes down: nothing of them stays."""
        with self._lock:
            shells, self._shells = list(self._shells.values()), {}
        for shell in shells:
            _end_all(shell)

    def _of(self, owner: str) -> list[Shell]:
        return [shell for shell in self._shells.values() if shell.owner == owner]

    def _shell(self, shell_id: str, owner: str) -> Shell:
        self._forget_idle()
        shell = self._shells.get(shell_id.upper())
        if shell is None or shell.owner != owner:
            raise WsmanFault(2150858843, "w:InvalidSelectors", SHELL_GONE)
        shell.used = time.monotonic()
        return shell

    def _forget_idle(self) -> None:
        now = time.monotonic()
        for shell in list(self._shells.values()):
            if now - shell.used > shell.idle_seconds and not shell.processes:
                del self._shells[shell.id]


def _end_all(shell: Shell) -> None:
    for process in shell.processes.values():
        process.kill()
