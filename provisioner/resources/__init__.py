"""The registry: every kind of thing we manage, in the order in which a host is changed."""

from __future__ import annotations

from provisioner.resources.base import Resource
from provisioner.resources.computer_name import ComputerName

ALL: tuple[type[Resource], ...] = (ComputerName,)
BY_NAME: dict[str, type[Resource]] = {kind.kind: kind for kind in ALL}
