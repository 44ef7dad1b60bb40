"""Values to JSON for programs. Keys keep the order of the value; no value is shortened.

ASCII only: the code page of a Windows console or pipe would break anything else.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from provisioner.errors import ManifestError, ProvisionerError
from provisioner.manifest.complaint import Complaint
from provisioner.records.history import PastRun
from provisioner.steps.events import Event
from provisioner.steps.plan_value import Plan


class Json:
    """The view for programs. `plan` and `error` are one document; an apply is one document per line."""

    def plan(self, plan: Plan, *, drift: bool = False) -> str:
        """The plan as `schemas/plan.schema.json` describes it."""
        return _document(plan.model_dump(mode="json"))

    def applied_plan(self, plan: Plan) -> str:
        """The first line of an apply."""
        return _line({"plan": plan.model_dump(mode="json")})

    def history(self, site: str, runs: Sequence[PastRun]) -> str:
        """The runs over a site, oldest first."""
        return _document({"site": site, "runs": [asdict(run) for run in runs]})

    def event(self, event: Event) -> str:
        """One line of an apply."""
        return _line({"event": event.as_row()})

    def error(self, error: ProvisionerError) -> str:
        """`error` with `what`, `where`, `next_step`, and for a manifest its `complaints`."""
        body: dict[str, Any] = {"what": error.what, "where": error.where, "next_step": error.next_step}
        if isinstance(error, ManifestError):
            body["complaints"] = [asdict(c) for c in error.complaints if isinstance(c, Complaint)]
        return _document({"error": body, "exit_code": error.exit_code})

    def complaints(self, complaints: Sequence[Complaint]) -> str:
        """All faults of a manifest."""
        return _document({"complaints": [asdict(complaint) for complaint in complaints]})

    def valid(self, name: str, hosts: int, items: int) -> str:
        """The manifest has no fault."""
        return _document({"site": name, "hosts": hosts, "settings": items, "complaints": []})

    def ended(self, code: int, meaning: str, run: dict[str, Any]) -> str:
        """The last line of an apply."""
        return _line({"end": {"exit_code": code, "meaning": meaning, "run": run}})


def _document(content: Any) -> str:
    return json.dumps(content, indent=2) + "\n"


def _line(content: Any) -> str:
    return json.dumps(content) + "\n"
