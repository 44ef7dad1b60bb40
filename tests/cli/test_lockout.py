"""Fifty bad changes of the network: each ends at the old address, without hands, and the run has failed."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from provisioner.cli import run
from provisioner.lab.powershell import located
from provisioner.lab.serving import Serving, serving
from provisioner.manifest.load import load
from provisioner.resources.host import OUR_FOLDER
from tests.powershell.engine import powershell

HOST = "control-room-1"
NEW, OLD = "192.0.2.21", "192.0.2.151"
DAY_MS = 86_400_000
WINDOW = 120
"""Seconds of `confirm_minutes: 2`, the shortest that may be declared."""
SITE = """\
site: drill
terminals:
  - name: control-room-1
    connect: {{address: 192.0.2.21, first_address: 192.0.2.151, username: provision, password: {{env: X}}}}
    power: {{sleep: never}}
    network: {{{network}, confirm_minutes: 2}}
"""
GOOD = "address: 192.0.2.21/24, gateway: 192.0.2.1"


@dataclass
class Drill:
    """A site with one machine at its factory address, and the command line beside it."""

    site: Path
    served: Serving
    capture: pytest.CaptureFixture[str]
    seen: list[tuple[float, str | None]] = field(default_factory=list)
    out: str = ""

    @property
    def adapter(self) -> str:
        adapters: Any = self.served.world.twin(HOST).machine.get("adapters")
        return next(iter(adapters))

    @property
    def where(self) -> str | None:
        """The address at which the machine answers now."""
        return self.served.world.network.where(HOST)[0]

    def flags(self) -> list[str]:
        folder = self.site.parent
        return ["--lab-state", str(folder / "lab"), "--state", str(folder / "state")]

    def __call__(self, verb: str, *arguments: str) -> int:
        code = run([verb, str(self.site), *arguments, *self.flags()])
        out, err = self.capture.readouterr()
        self.out = out + err
        return code

    def apply(self) -> int:
        return self("apply", "--yes", "--restart", "never")

    def start(self) -> subprocess.Popen[str]:
        """A controller in a process of its own, so that it can be killed."""
        words = ["apply", str(self.site), "--yes", "--restart", "never", *self.flags()]
        return subprocess.Popen(
            [sys.executable, "-m", "provisioner", *words], stdout=subprocess.PIPE, text=True
        )

    def set(self, place: str, value: Any) -> None:
        self.served.handle().set_place(HOST, place, value)

    def at(self, moment: float, question: str, **arguments: Any) -> None:
        self.served.handle().later(HOST, moment, question, {"host": HOST, **arguments})

    def watch(self) -> None:
        """Note where it answers, all through the window and after it."""
        twin = self.served.world.twin(HOST)
        for second in range(5, WINDOW + 20, 5):
            twin.in_time(second, lambda second=second: self.seen.append((second, self.where)))  # type: ignore[misc]

    def let_pass(self, seconds: float) -> None:
        self.served.handle().let_pass(seconds, HOST)


@pytest.fixture
def drill(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Drill]:
    site = tmp_path / "drill"
    site.mkdir()
    _declare(site, GOOD)
    with serving(load(site), tmp_path / "lab", down_seconds=0.1) as served:
        yield Drill(site, served, capsys)


@pytest.fixture
def engine_drill(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Drill]:
    """The same with the real scripts, those of the scheduled tasks too, in a real PowerShell."""
    program = Path(powershell("that the tasks on the machine take a change back as they are simulated"))
    site = tmp_path / "drill"
    site.mkdir()
    _declare(site, GOOD)
    with serving(load(site), tmp_path / "lab", down_seconds=0.1, powershell=located(program)) as served:
        yield Drill(site, served, capsys)


def _declare(site: Path, network: str) -> None:
    (site / "site.yaml").write_text(SITE.format(network=network), "utf-8")


def _assert_back(drill: Drill) -> None:
    """At its old address, and nothing of the change is left but what the next apply clears away."""
    assert drill.where == OLD
    lab = drill.served.handle()
    assert lab.dial(OLD, 5985) is not None
    assert lab.dial(NEW, 5985) is None
    machine = drill.served.world.twin(HOST).machine
    tasks: Any = machine.get("tasks") or {}
    assert [name for name in tasks if "provisioner" in name.casefold()] == []


def _assert_cleared(drill: Drill, network: str = GOOD) -> None:
    """The next apply, of a good network, finishes and leaves nothing behind."""
    _declare(drill.site, network)
    adapter = f"adapters/{drill.adapter}"
    drill.set(f"{adapter}/taken", [])
    drill.set(f"{adapter}/up", True)
    assert drill.apply() == 0, drill.out
    assert drill.where == NEW
    files: Any = drill.served.world.twin(HOST).machine.get("files")
    assert [path for path in files if path.casefold().startswith(f"{OUR_FOLDER}\\network".casefold())] == []
    assert drill("plan") == 0, drill.out


def test_a_good_change_is_confirmed_and_nothing_of_it_is_left(drill: Drill) -> None:
    assert drill.where == OLD
    assert drill.apply() == 0, drill.out
    assert drill.where == NEW
    assert "confirmed" in drill.out
    _assert_back_is_not_due(drill)
    assert drill("plan") == 0, drill.out
    writes = drill.served.handle().status()["hosts"][HOST]["writes"]
    assert drill.apply() == 0
    assert drill.served.handle().status()["hosts"][HOST]["writes"] == writes


def _assert_back_is_not_due(drill: Drill) -> None:
    drill.let_pass(2 * WINDOW)
    assert drill.where == NEW
    tasks: Any = drill.served.world.twin(HOST).machine.get("tasks") or {}
    assert [name for name in tasks if "provisioner" in name.casefold()] == []


WRONG_GATEWAYS = [f"address: 192.0.2.21/24, gateway: 192.0.2.{last}" for last in (2, 20, 99, 254)]
WRONG_MASKS = [
    "address: 192.0.2.21/30, gateway: 192.0.2.22",
    "address: 192.0.2.21/28, gateway: 192.0.2.17",
    "address: 192.0.2.21/29, gateway: 192.0.2.18",
    "address: 192.0.2.21/4, gateway: 192.0.2.1",
]
UNREACHABLE = WRONG_GATEWAYS + WRONG_MASKS


@pytest.mark.parametrize("network", UNREACHABLE)
def test_a_wrong_gateway_or_mask(drill: Drill, network: str) -> None:
    _declare(drill.site, network)
    drill.watch()
    assert drill.apply() == 1, drill.out
    assert "taken back" in drill.out
    _assert_back(drill)
    # Dead in between: neither the old nor the new address answered while the change stood.
    in_window = [where for second, where in drill.seen if 10 <= second < WINDOW]
    assert in_window and set(in_window) == {None}, drill.seen


@pytest.mark.parametrize("prefix", [24, 25])
def test_an_address_in_use(drill: Drill, prefix: int) -> None:
    _declare(drill.site, f"address: 192.0.2.21/{prefix}, gateway: 192.0.2.1")
    drill.set(f"adapters/{drill.adapter}/taken", [NEW])
    assert drill.apply() == 1, drill.out
    _assert_back(drill)
    _assert_cleared(drill)


def _to_dhcp(drill: Drill, offer: Any) -> None:
    """A machine with a static address that shall take one from a DHCP server."""
    global_static = "address: 192.0.2.21/24, gateway: 192.0.2.1"
    _declare(drill.site, global_static)
    assert drill.apply() == 0, drill.out
    _declare(drill.site, "dhcp: true")
    drill.set(f"adapters/{drill.adapter}/offer", offer)


OFFERS = [
    {"address": "192.0.2.77", "prefix": 24, "gateway": "192.0.2.1", "dns": ["192.0.2.2"]},
    {"address": "192.0.2.21", "prefix": 24, "gateway": "192.0.2.99", "dns": []},
    {"address": "203.0.113.9", "prefix": 24, "gateway": "203.0.113.1", "dns": []},
    None,
]


@pytest.mark.parametrize("offer", OFFERS, ids=["unexpected", "wrong router", "other network", "no server"])
def test_a_dhcp_answer_at_an_unexpected_address(drill: Drill, offer: Any) -> None:
    _to_dhcp(drill, offer)
    assert drill.apply() == 1, drill.out
    assert drill.where == NEW  # its old address, in this case
    assert drill("plan") == 2


@pytest.mark.parametrize("out_at", [4, 10, 40])
@pytest.mark.parametrize("in_at", [60, 150])
def test_the_cable_is_out(drill: Drill, out_at: int, in_at: int) -> None:
    """Whoever pulled it puts it back; the machine itself needs nobody."""
    _declare(drill.site, UNREACHABLE[0])
    place = f"adapters/{drill.adapter}/up"
    drill.at(out_at, "set_place", place=place, value=False)
    drill.at(in_at, "set_place", place=place, value=True)
    assert drill.apply() == 1, drill.out
    _assert_back(drill)


@pytest.mark.parametrize("seconds", [4, 20, 60, 90, 115])
@pytest.mark.parametrize("network", [UNREACHABLE[0], UNREACHABLE[4]])
def test_the_power_goes_in_the_window(drill: Drill, seconds: int, network: str) -> None:
    _declare(drill.site, network)
    drill.at(seconds, "cut_power", seconds=0.1)
    assert drill.apply() == 1, drill.out
    _assert_back(drill)


@pytest.mark.parametrize("days", [-400, -1, 1, 400])
@pytest.mark.parametrize("seconds", [2, 30])
def test_the_clock_jumps_in_the_window(drill: Drill, days: int, seconds: int) -> None:
    _declare(drill.site, UNREACHABLE[1])
    drill.watch()
    drill.at(seconds, "set_place", place="clock/offset_ms", value=days * DAY_MS)
    assert drill.apply() == 1, drill.out
    _assert_back(drill)
    drill.let_pass(30)
    # Neither sooner nor later than by a clock that nobody touched.
    first = next(second for second, where in drill.seen if where == OLD and second > 10)
    assert WINDOW - 5 <= first <= WINDOW + 10, drill.seen


def _killed_when(drill: Drill, word: str) -> None:
    controller = drill.start()
    assert controller.stdout is not None
    assert any(word in line for line in controller.stdout)
    controller.kill()
    controller.communicate()


@pytest.mark.parametrize("network", [GOOD, UNREACHABLE[0]], ids=["good", "bad"])
@pytest.mark.parametrize("word", ["sending", "power: done", "network: done", "changing its network"])
def test_the_controller_is_killed(drill: Drill, word: str, network: str) -> None:
    _declare(drill.site, network)
    _killed_when(drill, word)
    _until_free(drill)
    drill.let_pass(WINDOW + 5)
    _until_ended(drill)
    if drill.where == NEW:
        # It was quicker than the kill and had confirmed; then nothing is pending.
        assert network == GOOD
        return
    _assert_back(drill)
    assert drill("plan") == 2
    _assert_cleared(drill)


def _until_free(drill: Drill) -> None:
    deadline = time.monotonic() + 20
    while drill.served.handle().status()["hosts"][HOST]["holding"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _until_ended(drill: Drill) -> None:
    deadline = time.monotonic() + 10
    while drill.where is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", [1, 2])
def test_the_controller_is_killed_around_a_step(drill: Drill, moment: Any, step: int) -> None:
    lab = drill.served.handle()
    lab.hold(HOST, moment, step)
    controller = drill.start()
    assert lab.wait_held(HOST, 30)
    controller.kill()
    controller.communicate()
    lab.release(HOST)
    _until_free(drill)
    drill.let_pass(WINDOW + 5)
    _until_ended(drill)
    _assert_back(drill)
    assert drill("plan") == 2
    _assert_cleared(drill)


def test_a_second_change_while_one_is_pending(drill: Drill) -> None:
    """The killed run's change is pending; another run is refused, and the first takes itself back."""
    _declare(drill.site, GOOD)
    _killed_when(drill, "changing its network")
    _until_free(drill)
    _declare(drill.site, f"{GOOD}, dns: [192.0.2.9]")
    for _ in range(2):
        # Once while it is armed at the old address, once while it is changed at the new one.
        assert drill("plan") == 4, drill.out
        assert drill.apply() == 4, drill.out
        assert "another change of its network waits" in drill.out
        drill.let_pass(4)
    drill.let_pass(WINDOW)
    _assert_back(drill)
    _assert_cleared(drill)


def test_in_the_engine_a_good_change_is_confirmed(engine_drill: Drill) -> None:
    assert engine_drill.apply() == 0, engine_drill.out
    assert engine_drill.where == NEW
    _assert_back_is_not_due(engine_drill)
    assert engine_drill("plan") == 0, engine_drill.out


def test_in_the_engine_a_bad_change_is_taken_back(engine_drill: Drill) -> None:
    _declare(engine_drill.site, UNREACHABLE[0])
    assert engine_drill.apply() == 1, engine_drill.out
    _assert_back(engine_drill)


def test_in_the_engine_a_change_is_taken_back_at_the_start(engine_drill: Drill) -> None:
    _declare(engine_drill.site, UNREACHABLE[4])
    engine_drill.at(20, "cut_power", seconds=0.1)
    assert engine_drill.apply() == 1, engine_drill.out
    _assert_back(engine_drill)
