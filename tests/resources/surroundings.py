"""What a guard looks at, for tests: a sound host and a way in to it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from provisioner.resources.base import Observed, Resource, Surroundings
from provisioner.resources.host_facts import HostFacts, WayIn

ACCOUNT = "S-1-5-21-1-2-3-1003"
WAY_IN = WayIn(("192.0.2.21",), 5985, False, "provision")


def around(
    *declared: Resource,
    way_in: WayIn = WAY_IN,
    observed: Mapping[tuple[str, str], Observed] | None = None,
    **facts: Any,
) -> Surroundings:
    """A host on which nothing is pending, with `facts` of another kind where they are given."""
    good = {"account_sid": ACCOUNT, "network_change": {}, "logged_on": "", "axis_services": (), "domain": ""}
    host = HostFacts("guid", "AXIS-1", 1, datetime(2026, 11, 18), None, {}, **(good | facts))
    return Surroundings(host, way_in, declared, observed or {})
