"""YAML text to a valid `Site`, or every complaint at once."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from provisioner.manifest.complaint import Complaints
from provisioner.manifest.extends import read_whole
from provisioner.manifest.judging import judged
from provisioner.manifest.machines import check_items, check_machines, machines
from provisioner.manifest.site import Host, Site
from provisioner.manifest.variables import evaluated

MANIFEST = "site.yaml"


def load(path: Path) -> Site:
    """Read a site folder or a manifest file. Contacts nobody and follows no secret.

    Raises `ManifestError` with a `Complaint` for every fault, in file order.
    """
    file = path / MANIFEST if path.is_dir() else path
    complaints = Complaints()
    whole = read_whole(file, complaints)
    if whole is None:
        complaints.stop_if_any(file.as_posix())
        raise AssertionError("a manifest that cannot be read has a complaint")
    effective = evaluated(whole, complaints)
    declared = judged(effective, complaints)
    check_machines(effective, complaints)
    if declared is not None:
        check_items(declared, effective, complaints)
    complaints.stop_if_any(file.as_posix())
    if declared is None:
        raise AssertionError("a manifest that is not valid has a complaint")
    hosts = machines(declared)
    return Site(declared.site, hosts, _digest(declared.site, hosts), file)


def _digest(name: str, hosts: tuple[Host, ...]) -> str:
    """SHA-256 of what is declared, as canonical JSON: sorted keys, no spaces; secrets as references."""
    effective = {"site": name, "hosts": [_effective(host) for host in hosts]}
    text = json.dumps(effective, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _effective(host: Host) -> dict[str, Any]:
    return {
        "name": host.name,
        "roles": host.roles,
        "connect": host.connect.model_dump(mode="json"),
        "window": host.window.model_dump(mode="json") if host.window else None,
        "resources": [
            [resource.kind, resource.key, resource.model_dump(mode="json", exclude_unset=True)]
            for resource in host.resources
        ],
    }
