"""The flags that several verbs share, each said once."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Format(StrEnum):
    """Who reads the output."""

    HUMAN = "human"
    JSON = "json"


class Restart(StrEnum):
    """When a host may be restarted."""

    NOW = "now"
    WINDOW = "window"
    NEVER = "never"


Site = Annotated[Path, typer.Argument(metavar="SITE", help="Folder of a site, or its manifest file.")]
SiteOrPlan = Annotated[
    Path, typer.Argument(metavar="SITE|PLAN", help="Folder of a site, or a plan saved with `plan --out`.")
]
FormatFlag = Annotated[Format, typer.Option("--format", help="For people, or for programs.")]
Verbose = Annotated[
    int, typer.Option("--verbose", "-v", count=True, help="Say more: addresses, requests and bytes.")
]
Only = Annotated[
    list[str], typer.Option("--only", metavar="HOST", help="Contact only this host. May be repeated.")
]
State = Annotated[
    Path | None,
    typer.Option("--state", metavar="DIR", help="Where journals are kept. Default: the user's state folder."),
]
Lab = Annotated[bool, typer.Option("--lab", help="Contact the simulated twin of the site, nobody else.")]
LabState = Annotated[
    Path | None, typer.Option("--lab-state", metavar="DIR", help="Where the twin's machines are kept.")
]
LabEndpoints = Annotated[
    Path | None,
    typer.Option("--lab-endpoints", metavar="FILE", help="Use the lab that wrote this file (`lab up`)."),
]
LabPowershell = Annotated[
    Path | None,
    typer.Option(
        "--lab-powershell",
        metavar="PATH",
        help="Let the twin run the scripts in this PowerShell. Needs a source checkout.",
    ),
]
Powershell = Annotated[
    Path | None,
    typer.Option(
        "--powershell",
        metavar="PATH",
        help="Run the scripts in this PowerShell instead of simulating them. Needs a source checkout.",
    ),
]
AllowCommand = Annotated[
    bool, typer.Option("--allow-command", help="Let secrets be read by the commands that the manifest names.")
]
SecretFolder = Annotated[
    list[Path],
    typer.Option("--secret-folder", metavar="DIR", help="Let `file:` secrets lie here too. May be repeated."),
]
Out = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Save the plan for `apply FILE`.")]
PastRun = Annotated[
    str, typer.Argument(metavar="RUN", help="Id of a run, or its beginning; see `provisioner history SITE`.")
]
Reverse = Annotated[
    bool,
    typer.Option("--reverse", help="Show also what a rollback of the apply would do, and what it cannot."),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask. Never means yes to a restart.")]
RestartFlag = Annotated[
    Restart,
    typer.Option("--restart", help="When hosts may restart: in their maintenance window, now, or never."),
]
