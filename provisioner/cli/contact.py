"""Builds the lines to a site's hosts: on the real network, or to its twin in the lab."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

from provisioner.errors import UsageError
from provisioner.lab import join
from provisioner.lab.access import Access
from provisioner.lab.handle import LabHandle
from provisioner.links.dial import Dial, straight
from provisioner.links.secrets import reveal
from provisioner.links.windows import AskingWindowsLine, ChangingWindowsLine
from provisioner.links.winrm_shell import Target
from provisioner.manifest.site import Host, Site
from provisioner.records.paths import state_folder
from provisioner.resources.base import Secret
from provisioner.steps.pace import Pace, real
from provisioner.steps.plan_value import Wire
from provisioner.steps.read import PARALLEL

LineT = TypeVar("LineT", bound=AskingWindowsLine)


@dataclass(frozen=True)
class Options:
    """What the flags say about whom to contact and how."""

    only: tuple[str, ...] = ()
    state: Path | None = None
    lab: bool = False
    lab_state: Path | None = None
    lab_endpoints: Path | None = None
    lab_powershell: Path | None = None
    allow_command: bool = False
    secret_folders: tuple[Path, ...] = field(default=())

    @property
    def in_lab(self) -> bool:
        """Whether nobody but a lab may be contacted."""
        named = (self.lab_state, self.lab_endpoints, self.lab_powershell)
        return self.lab or any(path is not None for path in named)


@dataclass(frozen=True)
class Reach:
    """How hosts are dialled and what proves us and them. A lab puts its own passwords and pins in."""

    dial: Dial
    password: Callable[[Host], str]
    pin: Callable[[Host], str | None]
    secret: Callable[[Secret], str]
    proxied: bool
    """Whether declared proxies are used: a lab is dialled straight, whatever the manifest says."""
    pace: Callable[[str], Pace]
    """A host's time, by its name: a lab lets it pass without waiting."""
    folder: Path
    """The site's: files that the manifest names lie relative to it."""

    def beside(self, path: Path | None) -> str | None:
        """The whole path of a file that the manifest names."""
        return None if path is None else str(self.folder / path)


def chosen_hosts(site: Site, only: Sequence[str]) -> tuple[Host, ...]:
    """The hosts to contact, in the manifest's order. Raises `UsageError` for a name that is not there."""
    names = [host.name for host in site.hosts]
    for name in only:
        if name not in names:
            near = get_close_matches(name, names, 1)
            hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(names)}."
            raise UsageError(f"--only {name}: the manifest has no such host", next_step=hint)
    return tuple(host for host in site.hosts if not only or host.name in only)


def asking_lines(hosts: Sequence[Host], reach: Reach, run: str) -> dict[str, AskingWindowsLine]:
    """Lines that cannot write."""
    return {
        host.name: AskingWindowsLine(
            _target(host, reach), _password(host, reach), reach.dial, run, reveal_secret=reach.secret
        )
        for host in hosts
    }


def changing_lines(hosts: Sequence[Host], reach: Reach, run: str) -> dict[str, ChangingWindowsLine]:
    """Lines that can write; built for `apply` alone."""
    return {
        host.name: ChangingWindowsLine(
            _target(host, reach), _password(host, reach), reach.dial, run, reveal_secret=reach.secret
        )
        for host in hosts
    }


@contextmanager
def hanging_up(lines: Mapping[str, LineT]) -> Iterator[Mapping[str, LineT]]:
    """Hang up on every host in the end, whatever happens."""
    try:
        yield lines
    finally:
        # Side by side: a host that has died answers only after its time-out.
        with ThreadPoolExecutor(min(PARALLEL, max(len(lines), 1))) as pool:
            for line in lines.values():
                pool.submit(line.hang_up)


def wire(lines: Mapping[str, AskingWindowsLine]) -> dict[str, Wire]:
    """What each host cost so far, by `<host>/<protocol>`."""
    return {
        f"{name}/{line.meter.protocol}": Wire.model_validate(
            vars(line.meter) | {"addresses": tuple(line.meter.addresses)}
        )
        for name, line in lines.items()
    }


def reach_for(site: Site, options: Options) -> Reach:
    """The real network, or the lab that the flags name; a lab is started when none serves this site."""
    if options.in_lab:
        return _lab_reach(site, options)

    def follow(secret: Secret) -> str:
        return reveal(
            secret,
            base=site.path.parent,
            allowed_folders=options.secret_folders,
            allow_command=options.allow_command,
        ).get_secret_value()

    return Reach(
        dial=straight,
        password=lambda host: follow(host.connect.password) if host.connect.password else "",
        pin=lambda host: host.connect.certificate_sha256,
        secret=follow,
        proxied=True,
        pace=real,
        folder=site.path.parent,
    )


def _lab_reach(site: Site, options: Options) -> Reach:
    if options.lab_endpoints is not None and options.lab_powershell is not None:
        raise UsageError(
            "--lab-endpoints is a lab that runs already, and --lab-powershell says how to start one",
            next_step="Leave one of them out.",
        )
    access: Access
    if options.lab_endpoints is not None:
        access = join.from_file(options.lab_endpoints)
    else:
        folder = lab_folder(site.name, options)
        access = join.join_or_start(site.path, folder, powershell=options.lab_powershell)
    return Reach(
        dial=access.dial,
        password=access.password,
        pin=access.pin,
        secret=access.secret,
        proxied=False,
        pace=(lambda host: lab_pace(access, host)) if isinstance(access, LabHandle) else real,
        folder=site.path.parent,
    )


LAB_SLEEP_SECONDS = 0.01
"""What a wait in the lab really takes, so that its machines can do something meanwhile."""


def lab_pace(lab: LabHandle, host: str) -> Pace:
    """Waiting for a lab's machine lets its time pass at once."""
    waited = [0.0]

    def sleep(seconds: float) -> None:
        time.sleep(min(seconds, LAB_SLEEP_SECONDS))
        waited[0] += seconds
        lab.let_pass(seconds, host)

    return Pace(lambda: time.monotonic() + waited[0], sleep)


def lab_folder(site: str, options: Options) -> Path:
    """Where the twin of this site is kept."""
    return options.lab_state or state_folder(options.state) / "lab" / site


def _password(host: Host, reach: Reach) -> Callable[[], str]:
    return lambda: reach.password(host)


def _target(host: Host, reach: Reach) -> Target:
    connect = host.connect
    return Target(
        name=host.name,
        addresses=tuple(address for address in (connect.address, connect.first_address) if address),
        port=connect.effective_port,
        https=connect.https,
        transport=connect.transport,
        username=connect.username,
        certificate_sha256=reach.pin(host),
        ca_file=reach.beside(connect.ca_file),
        client_certificate=reach.beside(connect.client_certificate),
        client_key=reach.beside(connect.client_key),
        proxy=connect.proxy if reach.proxied else None,
    )
