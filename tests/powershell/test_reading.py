"""Read mode in a real engine: what the scripts answer, and that nothing is left behind."""

from __future__ import annotations

import json
from typing import Any

from provisioner.links.scripts import script
from provisioner.resources.host import RUN_FILE

from .engine import NOW_MS, Engine, ask_request
from .machines import small_machine

ORDINARY = {
    "odd.read": r"""param($Arguments)
[Console]::Out.WriteLine('half a line of noise')
[ordered]@{
    one    = @('only')
    none   = @()
    multi  = Get-RegistryValue -Key 'HKLM:\SOFTWARE\Harbour' -Name 'Multi'
    single = Get-RegistryValue -Key 'HKLM:\software\harbour' -Name 'single'
    big    = Get-RegistryValue -Key 'HKLM:\SOFTWARE\Harbour' -Name 'Big'
    mask   = Get-RegistryValue -Key 'HKLM:\SOFTWARE\Harbour' -Name 'Mask'
    absent = Get-RegistryValue -Key 'HKLM:\SOFTWARE\Harbour' -Name 'Absent'
    no_key = Get-RegistryValue -Key 'HKLM:\SOFTWARE\Nowhere' -Name 'Absent'
    empty  = Get-RegistryValue -Key 'HKLM:\SOFTWARE\Empty' -Name 'Absent'
    given  = $Arguments.given
    lines  = @(Get-TextLine -Path 'C:\one.txt')
    length = $Arguments.long.Length
}
""",
    "lost.read": "param($Arguments)\nGet-ItemProperty -LiteralPath 'HKLM:\\SOFTWARE\\Nowhere'\n",
    "thrown.read": "param($Arguments)\nthrow 'H\u00e4fen'\n",
    "strict.read": "param($Arguments)\n$Arguments.nothing\n",
    "torn.read": "param($Arguments)\nif (\n",
    "real.read": "param($Arguments)\nGet-Process\n",
    "program.read": "param($Arguments)\n& hostname.exe\n",
    "alias.read": "param($Arguments)\nls\n",
    "switch.read": "param($Arguments)\n& icacls.exe 'C:\\one.txt' /reset\n",
    "parameter.read": "param($Arguments)\nGet-Content -LiteralPath 'C:\\one.txt' -Encoding UTF8 -Tail 1\n",
    "misspelt.read": "param($Arguments)\nGet-Content -LiteralPaht 'C:\\one.txt'\n",
    "class.read": "param($Arguments)\nGet-CimInstance -ClassName Win32_Process\n",
    "root.read": "param($Arguments)\nTest-Path -LiteralPath 'HKCU:\\Software'\n",
}
REFUSED = {
    "lost": (
        "PathNotFound,Microsoft.PowerShell.Commands.GetItemPropertyCommand",
        "Cannot find path 'HKLM:\\SOFTWARE\\Nowhere' because it does not exist.",
    ),
    "thrown": ("H\u00e4fen", "H\u00e4fen"),
    "strict": ("PropertyNotFoundStrict", "nothing"),
    "torn": ("ParseException", "Missing"),
    "real": ("", "refuses the command Get-Process"),
    "program": ("", "hostname.exe"),
    "alias": ("", "ls"),
    "switch": ("", "does not play icacls.exe C:\\one.txt /reset"),
    "parameter": ("", "does not play Get-Content -Tail"),
    "misspelt": ("NamedParameterNotFound", "LiteralPaht"),
    "class": ("HRESULT 0x80041010", "Win32_Process"),
    "root": ("", "HKCU:\\Software"),
}


def _machine() -> dict[str, Any]:
    machine = small_machine()
    machine["registry"][r"HKLM\SOFTWARE\Harbour"] = {
        "Multi": {"type": "MultiString", "data": ["a", "b"]},
        "Single": {"type": "MultiString", "data": ["a"]},
        "Big": {"type": "QWord", "data": 2**40},
        "Mask": {"type": "DWord", "data": 0xFFFFFFFF},
    }
    machine["registry"][r"HKLM\SOFTWARE\Empty"] = {}
    machine["files"][r"C:\one.txt"] = {"text": "Gate 7 \u2013 Sk\u00e4rg\u00e5rd"}
    return machine


def test_values_arrive_as_they_are_and_one_failure_does_not_silence_the_others(engine: Engine) -> None:
    given = ["\u0141\u00f3d\u017a"]
    arguments = {"given": given, "long": "x" * 200_000}
    asks = [{"script": name.removesuffix(".read"), "arguments": arguments} for name in ORDINARY]
    said = engine.run(_machine(), ask_request(asks, ORDINARY))

    first, *others = said.end["replies"]
    assert first == {
        "ok": True,
        "value": {
            "one": ["only"],
            "none": [],
            "multi": ["a", "b"],
            "single": ["a"],
            "big": 2**40,
            "mask": 0xFFFFFFFF,
            "absent": None,
            "no_key": None,
            "empty": None,
            "given": given,
            "lines": ["Gate 7 \u2013 Sk\u00e4rg\u00e5rd"],
            "length": 200_000,
        },
    }
    assert "half a line of noise" in said.noise
    for reply, (name, (error_id, words)) in zip(others, REFUSED.items(), strict=True):
        assert not reply["ok"], name
        assert reply["error"]["id"].startswith(error_id), (name, reply)
        assert words in reply["error"]["message"], (name, reply)
    assert said.changes == []
    assert said.exit_code == 0


def test_reading_takes_over_no_run_file_and_shows_it(engine: Engine) -> None:
    machine = small_machine()
    lines = ['{"run":"run-0","steps":2}', '{"type":"step","id":"a","state":"done"}', '{"type":"st']
    machine["files"][RUN_FILE] = {"text": "\r\n".join(lines)}
    said = engine.run(
        machine,
        ask_request([{"script": "host", "arguments": {}}], {"host.read": script("host.read")}),
    )
    assert said.end["replies"][0]["value"]["run_file"] == lines
    assert said.changes == []


def test_a_request_that_is_no_request_gives_no_frame_and_an_error(engine: Engine) -> None:
    said = engine.start(small_machine()).tell(b"not base64!\n")
    assert said.frames == []
    assert said.exit_code == 1
    assert said.errors
    assert json.dumps(said.changes) == "[]"


def test_sleep_and_clock_are_the_machine_s(engine: Engine) -> None:
    """Ninety seconds pass at once, and a clock that is set is one line of change."""
    text = """param($Arguments)
$before = (Get-Date).ToFileTimeUtc()
Start-Sleep -Seconds 90
Start-Sleep -Milliseconds 500
$slept = (Get-Date).ToFileTimeUtc() - $before
$null = Set-Date -Adjust ([TimeSpan]::FromDays(-400))
[ordered]@{ before = $before; slept = $slept; set = (Get-Date).ToFileTimeUtc() - $before - $slept }
"""
    request = ask_request([{"script": "clock", "arguments": {}}], {"clock.read": text})
    said = engine.run(small_machine(clock={"offset_ms": 7_000}), request)
    day = 86_400 * 10_000_000
    before = (NOW_MS + 7_000) * 10_000 + 116_444_736_000_000_000
    assert said.end["replies"][0]["value"] == {"before": before, "slept": 905_000_000, "set": -400 * day}
    assert said.changes == [{"place": ["clock", "offset_ms"], "value": 7_000 - 400 * 86_400_000}]
