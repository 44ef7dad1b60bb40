"""Nothing real is ever started: what is neither ours nor pure is refused before it is looked up."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from .engine import QUIET, SECONDS, WINDOWS, powershell
from .machines import small_machine

# Names are taken before the guard stands, and each is called with a parameter that no command has: were the
# guard broken, nothing would happen either.
_SCRIPT = r"""
$known = @(Get-Command -CommandType Cmdlet, Alias, Function | ForEach-Object -Process { $_.Name })
. 'WINDOWS'
$given = ConvertFrom-Json -InputObject ([IO.File]::ReadAllText('NAMES'))
foreach ($name in $known + @($given)) {
    $ended = 'ran'
    try { $null = & $name -NoCommandHasThis } catch { $ended = [string]$_.Exception.Message }
    if ($ended -eq "windows.ps1 refuses the command $name.") { $ended = 'refused' }
    [Console]::Out.WriteLine($name + '|' + $ended.Split([char[]]"`r`n")[0])
}
"""
PROGRAMS = (
    "cmd",
    "cmd.exe",
    "hostname.exe",
    "shutdown",
    "reg.exe",
    "net.exe",
    r"C:\Windows\System32\shutdown.exe",
    "/bin/true",
    "./windows.ps1",
    r"Microsoft.PowerShell.Management\Get-Content",
    "ChildItem",
    "get-CHILDITEM",
    "help",
    "mkdir",
)
OURS = {"Get-Content", "Test-Path", "Get-Date", "Start-Service", "New-Item", "Set-Date"}
"""Some of those that a function of ours stands in for: known, and not refused."""
PURE = {"ConvertTo-Json", "Select-Object", "New-Object"}


def test_every_command_of_the_engine_is_ours_or_pure_or_refused(tmp_path: Path) -> None:
    program = powershell("that the small Windows refuses every real command")
    (tmp_path / "names.json").write_text(json.dumps([*PROGRAMS, *OURS]), "utf-8")
    script = tmp_path / "guard.ps1"
    text = _SCRIPT.replace("WINDOWS", str(WINDOWS)).replace("NAMES", str(tmp_path / "names.json"))
    script.write_text(text, "ascii")
    (tmp_path / "machine.json").write_text(json.dumps(small_machine()), "utf-8")
    ended = subprocess.run(
        [program, *QUIET, "-File", str(script)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        env=os.environ
        | {"POWERSHELL_TELEMETRY_OPTOUT": "1", "PROVISIONER_TEST_MACHINE": str(tmp_path / "machine.json")},
    )
    found = dict(line.split("|", 1) for line in ended.stdout.splitlines())
    assert {name for name in PROGRAMS if found[name] != "refused"} == set(), ended.stderr
    passed = {name for name, how in found.items() if how != "refused"}
    assert {"ran"}.isdisjoint(found[name] for name in passed & OURS)
    assert passed >= OURS | PURE
    assert passed <= _ours() | _pure(), passed - _ours() - _pure()


def _ours() -> set[str]:
    parts = [path.read_text("ascii") for path in sorted(WINDOWS.with_name("windows").glob("*.ps1"))]
    lines = [line.strip() for part in parts for line in part.splitlines()]
    words = [line.split() for line in lines if line.startswith("function ")]
    return {name for _, name, *_ in words}


def _pure() -> set[str]:
    """The list that stands in guard.ps1: adding to it is adding here."""
    return {
        "Add-Member",
        "Compare-Object",
        "ConvertFrom-Csv",
        "ConvertFrom-Json",
        "ConvertTo-Json",
        "ForEach-Object",
        "Group-Object",
        "Join-Path",
        "Measure-Object",
        "New-Object",
        "New-TimeSpan",
        "Out-Default",
        "Out-Null",
        "Out-String",
        "Select-Object",
        "Select-String",
        "Set-StrictMode",
        "Sort-Object",
        "Split-Path",
        "Where-Object",
        "Write-Error",
        "Write-Output",
    }
