"""One host's turn in a wave: clear away, send, follow it where it moves, read back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from provisioner.errors import HeldError, HostError
from provisioner.resources.network import Network
from provisioner.steps.events import Event, Happened
from provisioner.steps.host_apply import HostApply
from provisioner.steps.network_change import Moving, ended_change, follow, forget_ended


def run_turn(host: HostApply, addresses: Sequence[str]) -> Iterator[Event]:
    """Do what is planned at these addresses of the host, and say what is as declared then."""
    return host.recorded(_turn(host, addresses))


def _turn(host: HostApply, addresses: Sequence[str]) -> Iterator[Event]:
    blocked = host.blocked(addresses)
    for where in blocked:
        host.undone.add(where)
        yield Event(Happened.STEP_SKIPPED, host.name, where, what="what it needs elsewhere is not done")
    going = [where for where in addresses if where not in blocked]
    try:
        if ended_change(host.facts):
            yield from forget_ended(host)
        yield from host.send_and_hear(going)
        for moving in _moving(host, going):
            yield from follow(host, moving)
    except HeldError as error:
        yield from host.given_up(Happened.HOST_REFUSED, error, going)
    except HostError as error:
        yield from host.given_up(Happened.HOST_FAILED, error, going)
    else:
        if not host.broken:
            yield from host.verify(going)
        _spare_what_is_not_as_declared(host, going)


def _spare_what_is_not_as_declared(host: HostApply, addresses: Sequence[str]) -> None:
    """A restart makes what is stored of the network active, and then nothing would take it back."""
    if any(host.resource(where).transactional and where in host.undone for where in addresses):
        host.no_restart = host.no_restart or "its network is not as declared"


def _moving(host: HostApply, addresses: Sequence[str]) -> Iterator[Moving]:
    """The change of the network, if it was fired; it is the last of its batch."""
    for where in addresses:
        network = host.resource(where)
        if isinstance(network, Network) and host.heard_done(where):
            said = host.fired[where].arguments
            seconds = float(str(said["confirm_seconds"]))
            yield Moving(where, network, str(said["id"]), host.pace.now(), seconds)
