"""Installers that an integrator has put on a terminal, for the lab. Hash, codes and versions are ours."""

from __future__ import annotations

from typing import Any

DELIVERED_CLIENT = "5.57.33556"
"""What the lab's terminal comes with. No delivered one has told us yet."""
PACKAGE = r"D:\Install\AXISCameraStationProClient_6.18.27687.msi"
SIGNER = "CN=Axis Communications AB, O=Axis Communications AB, L=Lund, C=SE"


def packages() -> dict[str, Any]:
    """Files: what a package installs, who signed it, and how its installation ends."""
    return {
        r"D:\Install": {"folder": True},
        PACKAGE: {
            "sha256": "5f3c1e7a9b2d4068c1fe7d3a52b6984e0d7c2b1a3f495e6872839405162738fa",
            "signature": {"status": "Valid", "signer": SIGNER},
            "msi": {
                "product": "AXIS Camera Station Pro Client",
                "version": "6.18.27687",
                "code": "{0F1E2D3C-4B5A-4697-8877-66554433221A}",
                "replaces": ["AXIS Camera Station Client"],
                "exit_code": 0,
                "seconds": 70,
            },
        },
    }
