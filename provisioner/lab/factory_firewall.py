"""The Windows Firewall of a factory-new terminal: on everywhere, with a few of Windows' own rules."""

from __future__ import annotations

from typing import Any

from provisioner.resources.firewall_rule_simulated import LOCAL
from provisioner.resources.firewall_text import text_of

_IN = "Action=Allow Active=TRUE Dir=In Protocol=6"
_RULES = {
    # Windows names them so on a client; on public networks the neighbours alone come in.
    "WINRM-HTTP-In-TCP-NoScope": f"{_IN} Profile=Domain Profile=Private LPort=5985 App=System",
    "WINRM-HTTP-In-TCP": f"{_IN} Profile=Public LPort=5985 RA4=LocalSubnet RA6=LocalSubnet App=System",
    "provisioner-winrm-https": f"{_IN} LPort=5986",
    "RemoteDesktop-UserMode-In-TCP": (
        rf"{_IN} LPort=3389 App=%SystemRoot%\system32\svchost.exe Svc=termservice"
    ).replace("TRUE", "FALSE"),
    "FPS-SMB-In-TCP": f"{_IN} Profile=Private LPort=445 RA4=LocalSubnet RA6=LocalSubnet App=System",
    "MDNS-Out-UDP-NoScope": (
        "Action=Allow Active=TRUE Dir=Out Protocol=17 Profile=Domain RPort=5353 "
        r"App=%SystemRoot%\system32\svchost.exe Svc=dnscache"
    ),
    "CoreNet-DNS-Out-UDP": "Action=Allow Active=TRUE Dir=Out Protocol=17 RPort=53 Svc=dnscache",
}
_SHOWN = {
    "WINRM-HTTP-In-TCP-NoScope": "@FirewallAPI.dll,-30253",
    "WINRM-HTTP-In-TCP": "@FirewallAPI.dll,-30253",
    "provisioner-winrm-https": "WinRM over HTTPS",
    "RemoteDesktop-UserMode-In-TCP": "@FirewallAPI.dll,-28775",
    "FPS-SMB-In-TCP": "@FirewallAPI.dll,-28511",
    "MDNS-Out-UDP-NoScope": "@%SystemRoot%\\system32\\firewallapi.dll,-37305",
    "CoreNet-DNS-Out-UDP": "@FirewallAPI.dll,-25405",
}
"""Windows' own have no name, but where the name of each language lies."""


def firewall() -> dict[str, Any]:
    """The registry's keys."""
    rules = {name: _text(rule, _SHOWN[name]) for name, rule in _RULES.items()}
    switches = {
        rf"{LOCAL}\{profile}": {"EnableFirewall": {"type": "DWord", "data": 1}}
        for profile in ("DomainProfile", "StandardProfile", "PublicProfile")
    }
    return {rf"{LOCAL}\FirewallRules": rules, **switches}


def _text(rule: str, shown: str) -> dict[str, str]:
    fields = [*(part.split("=", 1) for part in rule.split(" ")), ["Name", shown]]
    return {"type": "String", "data": text_of((name, value) for name, value in fields)}
