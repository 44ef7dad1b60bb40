"""What can be said of the PowerShell text without running it. Only the last two tests need an engine."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from provisioner.links.scripts import command_line

from . import allowed
from .engine import powershell
from .script_text import bare_words, commands, not_allowed_in_a_read, static_members

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "provisioner").rglob("*.ps1"))
READS = [path for path in SCRIPTS if path.name.endswith(".read.ps1")]
CMD_LINE = 8191
"""The longest line that cmd.exe takes (support.microsoft.com/kb/830473)."""
FORBIDDEN_ROOTS = (
    "Microsoft.Win32.",
    "IO.File",
    "IO.Directory",
    "Security.Principal.",
    "Security.AccessControl.",
)
"""Design: Windows is reached through commands and programs that functions can stand in for."""


def _name(path: Path) -> str:
    return path.name


def test_there_are_scripts() -> None:
    assert {"bootstrap.ps1", "ask.ps1", "change.ps1", "host.read.ps1"} <= set(map(_name, SCRIPTS))


@pytest.mark.parametrize("path", SCRIPTS, ids=_name)
def test_a_script_is_plain(path: Path) -> None:
    content = path.read_bytes()
    assert content.isascii()
    assert b"\r" not in content
    text = content.decode("ascii")
    assert '@"' not in text
    assert "@'" not in text
    assert commands(text).isdisjoint(allowed.NEVER)
    assert {word.lower() for word in bare_words(text)}.isdisjoint(allowed.ALIASES)
    assert [member for member in static_members(text) if member.startswith(FORBIDDEN_ROOTS)] == []


@pytest.mark.parametrize("path", READS, ids=_name)
def test_a_read_script_is_on_the_allow_list(path: Path) -> None:
    assert not_allowed_in_a_read(path.read_text("ascii")) == []


@pytest.mark.parametrize(
    "planted",
    [
        "Set-RegistryValue -Key 'HKLM:\\X' -Name 'a' -Type 'DWord' -Value 1",
        "$null = Remove-Item -LiteralPath 'C:\\x'",
        "$x = @(Set-Content -LiteralPath 'C:\\x' -Value '')",
        "& shutdown.exe /r",
        "powercfg.exe /setactive SCHEME_CURRENT",
        "[IO.File]::Delete('C:\\x')",
        "$service.Stop()",
        "& $Arguments.command",
        '"$(Restart-Service -Name x)"',
        '$text = "# $(Restart-Service -Name x)"',
        "remove-item -LiteralPath 'C:\\x'",
        "Rem`ove-Item -LiteralPath 'C:\\x'",
        "ri 'C:\\x'",
        "notepad",
        "&$Arguments.command",
        ". $Arguments.command",
        "'x' > 'C:\\x'",
        "${C:\\x} = 1",
        "$env:PATH = ''",
        "$services | ForEach-Object Stop",
        "$type::Delete('x')",
        "$null = New-Object -ComObject Microsoft.Update.AutoUpdate",
    ],
)
def test_a_planted_write_is_found_in_every_read_script(planted: str) -> None:
    for path in READS:
        head, *rest = path.read_text("ascii").splitlines()
        copy = "\n".join([head, planted, *rest])
        assert not_allowed_in_a_read(copy) != [], path.name


@pytest.mark.parametrize("planted", ["gci C:\\", "1..3 | % { $_ }", "$x = ls", "if (cat x) { }", "echo $y"])
def test_a_planted_alias_is_found(planted: str) -> None:
    assert not {word.lower() for word in bare_words(planted)}.isdisjoint(allowed.ALIASES)


def test_the_command_line_fits_into_cmd() -> None:
    program, arguments = command_line()
    assert len(" ".join((program, *arguments))) < CMD_LINE


PLANTED = {
    "bootstrap.ps1": "$request = $request ?? 'nothing'",
    "ask.ps1": "$null = Test-Json -Json '{}'",
    "change.ps1": "$null = [Convert]::ToHexString([byte[]](1, 2))",
    "host.read.ps1": "$null = Get-Date -AsUTC",
    "host.write.ps1": "$delay = $IsWindows ? 1 : 2",
    "clock.read.ps1": "$null = Get-CimInstance -ClasName Win32_Service",
    "clock.write.ps1": "Stop-Servise -Name 'w32time'",
    "power.read.ps1": "$null = ConvertFrom-Json -InputObject '{}' -AsHashtable",
    "windows_update.read.ps1": "$null = Get-Content -LiteralPath 'C:\\x' -AsByteStream",
    "windows_update.write.ps1": "1..3 | ForEach-Object -Parallel { $_ }",
}
"""Lines that PowerShell 7 takes or that are misspelt, one a script."""


def test_windows_powershell_would_accept_every_script() -> None:
    """Windows PowerShell 5.1's syntax, commands, parameters and .NET members, where the engine can check."""
    found = _check("that Windows PowerShell 5.1 accepts the scripts", "provisioner", "tests/powershell")
    assert found.returncode == 0, found.stdout
    assert " 0 findings" in found.stdout


def test_what_a_person_is_told_to_type_is_windows_powershell(tmp_path: Path) -> None:
    blocks = {page.stem: _typed(page) for page in sorted((ROOT / "docs").glob("*.md"))}
    assert blocks["prepare"].count("New-") >= 5
    for name, text in blocks.items():
        (tmp_path / f"{name}.ps1").write_text(text, "ascii")
    found = _check("that Windows PowerShell 5.1 accepts what the guides tell to type", str(tmp_path))
    assert found.returncode == 0, found.stdout


def _typed(page: Path) -> str:
    return "\n".join(re.findall(r"^```powershell\n(.*?)^```", page.read_text("utf-8"), re.M | re.S))


def test_ten_planted_lines_are_found(tmp_path: Path) -> None:
    lines = {}
    for path in SCRIPTS:
        text = path.read_text("ascii")
        if path.name in PLANTED:
            lines[path.name] = text.count("\n") + 1
            text += f"{PLANTED[path.name]}\n"
        (tmp_path / path.name).write_text(text, "ascii")
    found = _check("that lines for PowerShell 7 are found in the scripts", str(tmp_path)).stdout.splitlines()
    places = {line.rpartition("/")[2].split(":")[0]: line for line in found if ".ps1:" in line}
    assert len(PLANTED) == 10
    assert places.keys() == lines.keys()
    for name, line in lines.items():
        assert f"{name}:{line}:" in places[name]


def _check(what_is_not_proven: str, *places: str) -> subprocess.CompletedProcess[str]:
    """`--check` on these places; a visible skip where the engine does not know it."""
    program = powershell(what_is_not_proven)
    understood = _start(program, str(SCRIPTS[0]))
    if "checked" not in understood.stdout:
        pytest.skip(f"this PowerShell has no --check; not proven: {what_is_not_proven}")
    return _start(program, *places)


def _start(program: str, *places: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program, "--check", *places],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"POWERSHELL_TELEMETRY_OPTOUT": "1"},
    )
