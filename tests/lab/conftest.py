from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.lab.handle import LabHandle
from provisioner.lab.serving import running
from tests.lab.sites import two_hosts


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[LabHandle]:
    """The two hosts of `sites.two_hosts`, fresh."""
    with running(two_hosts(tmp_path / "site"), tmp_path / "state", down_seconds=0.2) as handle:
        yield handle
