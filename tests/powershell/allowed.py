"""What a read script may use. A plan runs these scripts, so nothing here can change a machine."""

from __future__ import annotations

COMMANDS = frozenset(
    {
        "Get-RegistryValue",
        "Get-TextLine",
        "Test-SixtyFourBit",
        "Get-GroupMemberSid",
        "Find-AccountSid",
        "Find-AccountName",
        "Get-LocalUser",
        "Get-LocalGroup",
        "Get-UserFlag",
        "Get-CimInstance",
        "Get-Content",
        "Get-Date",
        "Get-ItemProperty",
        "Get-Service",
        "Get-NetIPInterface",
        "Get-NetIPAddress",
        "Get-NetRoute",
        "Get-NetConnectionProfile",
        "Test-Path",
        "ForEach-Object",
        "Select-Object",
        "Sort-Object",
        "Where-Object",
        "ConvertFrom-Csv",
        "ConvertFrom-Json",
    }
)
"""Commands; functions that a script defines itself are allowed in it."""

_KEYWORDS = """
param if else elseif foreach for while do switch try catch finally throw return function in begin
process end break continue exit default filter until trap
"""
KEYWORDS = frozenset(_KEYWORDS.split())

STATIC_MEMBERS = frozenset(
    {
        "Convert::ToBase64String",
        "StringComparison::OrdinalIgnoreCase",
        "TimeSpan::FromMilliseconds",
        "string::Equals",
    }
)

METHODS = frozenset(
    {
        "ContainsKey",
        "Replace",
        "Split",
        "StartsWith",
        "ToFileTimeUtc",
        "ToLowerInvariant",
        "ToString",
        "ToUniversalTime",
        "Trim",
    }
)
"""Methods called on objects; each only answers."""

PROGRAMS = frozenset({"whoami.exe"})
"""Programs that can do nothing but answer. Their texts are translated: of whoami.exe only SIDs are read."""

_ALIASES = """
% ? ac asnp cat cd chdir clc clear clp cls cp cpi curl cvpa del diff dir echo epal erase fc fl
foreach ft fw gal gc gci gcm gi gl gm gp gps group gsv gu gv gwmi h history icm iex ihy ii ipal
ipcsv ipmo irm iwmi iwr kill ls lp man md measure mi move mp mv nal ni nv ogv oh popd ps pushd pwd r
rd rdr ren ri rm rmdir rni rp rv rvpa sajb sal saps sasv sc select set shcm si sl sleep sls sort sp
spps spsv start sv tee trcm type wget where wjb write
"""
ALIASES = frozenset(_ALIASES.split())
"""Aliases of 5.1 that a person might type; on another machine they may mean something else."""

NEVER = frozenset({"Write-Host", "Invoke-Expression", "Add-Type", "Start-Process", "Read-Host", "Out-File"})
