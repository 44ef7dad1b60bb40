"""The registry: every kind of thing we manage, in the order in which a host is changed."""

from __future__ import annotations

from provisioner.resources.base import Resource
from provisioner.resources.camera_station import CameraStation
from provisioner.resources.clock import Clock
from provisioner.resources.computer_name import ComputerName
from provisioner.resources.firewall_rule import FirewallRule
from provisioner.resources.local_group import LocalGroup
from provisioner.resources.local_user import LocalUser
from provisioner.resources.network import Network
from provisioner.resources.power import Power
from provisioner.resources.proxy import Proxy
from provisioner.resources.windows_service import WindowsService
from provisioner.resources.windows_update import WindowsUpdate

ALL: tuple[type[Resource], ...] = (
    ComputerName,
    Clock,
    Power,
    WindowsUpdate,
    Proxy,
    FirewallRule,
    LocalUser,
    LocalGroup,
    CameraStation,
    WindowsService,
    Network,
)
BY_NAME: dict[str, type[Resource]] = {kind.kind: kind for kind in ALL}
