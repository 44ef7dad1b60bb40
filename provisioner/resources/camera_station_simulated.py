"""Plays `camera_station.read.ps1` and `camera_station.write.ps1` on the lab's machine.

A package is a file with `sha256`, `signature` (`status`, `signer`) and `msi`: what it installs (`product`,
`version`, `code`), which display names it `replaces`, how msiexec.exe ends (`exit_code`), when (`seconds`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import JsonValue

from provisioner.resources import tasks_simulated
from provisioner.resources.base import Machine, ScriptFailure
from provisioner.resources.host import OUR_FOLDER, RESTART_MARKER
from provisioner.resources.registry_values import is_listed, key_exists, read_value, write_value

FOLDER = rf"{OUR_FOLDER}\install"
COPY, LOG = rf"{FOLDER}\package.msi", rf"{FOLDER}\install.log"
TASK = r"\provisioner-install"
ROOTS = tuple(
    rf"HKLM\SOFTWARE\{middle}Microsoft\Windows\CurrentVersion\Uninstall" for middle in ("", "WOW6432Node\\")
)
SERVER = r"HKLM\SOFTWARE\Axis Communications\Axis Camera Station Server"
_SIGNER = re.compile(r'(^|, )(CN|O)="?Axis Communications\b', re.IGNORECASE)
_DONE, _RESTART = 0, (3010, 1641)


def read(machine: Machine, arguments: Mapping[str, Any]) -> Mapping[str, JsonValue]:
    """The reply of `camera_station.read.ps1`."""
    package = arguments["package"]
    return {
        "products": [*_products(machine)],
        "package_there": None if package is None else is_listed(machine, "files", package),
        "installer": _installer(machine),
        "server": key_exists(machine, SERVER),
        "left_over": is_listed(machine, "files", FOLDER),
        "restart_pending": read_value(machine, *RESTART_MARKER) is not None,
    }


def _installer(machine: Machine) -> JsonValue:
    start = machine.get("services", "msiserver", "start")
    if start is None:
        raise ScriptFailure(
            "NoServiceFoundForGivenName,Microsoft.PowerShell.Commands.GetServiceCommand",
            "Cannot find any service with service name 'msiserver'.",
        )
    return str(start).capitalize()


def _products(machine: Machine) -> Iterator[dict[str, JsonValue]]:
    for key in _uninstall_keys(machine):
        name = read_value(machine, key, "DisplayName")
        if name is not None and str(name).casefold().startswith("axis camera station"):
            yield {"name": name, "version": read_value(machine, key, "DisplayVersion")}


def _uninstall_keys(machine: Machine) -> list[str]:
    rows: Any = machine.get("registry") or {}
    return [key for root in ROOTS for key in rows if key.rpartition("\\")[0].casefold() == root.casefold()]


def write(machine: Machine, arguments: Mapping[str, Any]) -> Mapping[str, JsonValue]:
    """The effects of `camera_station.write.ps1`."""
    _clear_rest(machine)
    try:
        _copy_package(machine, arguments)
    except ScriptFailure:
        _clear_rest(machine)
        raise
    code = _run_installer(machine, arguments)
    tasks_simulated.unregister(machine, TASK)
    machine.drop("files", COPY)
    _assert_installed(machine, code)
    _clear_rest(machine)
    return {}


def _clear_rest(machine: Machine) -> None:
    if tasks_simulated.is_registered(machine, TASK):
        if tasks_simulated.is_running(machine, TASK):
            raise _thrown("An installation that was begun earlier still runs. Apply again when it has ended.")
        tasks_simulated.unregister(machine, TASK)
    rows: Any = machine.get("files") or {}
    for path in rows:
        if path.casefold().startswith(f"{FOLDER}\\".casefold()):
            machine.drop("files", path)
    if machine.get("files", FOLDER) is not None:
        machine.drop("files", FOLDER)


def _copy_package(machine: Machine, arguments: Mapping[str, Any]) -> None:
    package: Any = machine.get("files", arguments["path"])
    if package is None:
        raise _thrown(f"The package {arguments['path']} is not there.")
    machine.put("files", FOLDER, value={"folder": True})
    machine.put("files", COPY, value=package)
    if package["sha256"].casefold() != arguments["sha256"].casefold():
        raise _thrown(f"The package has another SHA-256 than declared: {package['sha256'].lower()}.")
    status, signer = package["signature"]["status"], package["signature"]["signer"]
    if status != "Valid":
        raise _thrown(f"The signature of the package is not valid: {status}.")
    if not _SIGNER.search(signer):
        raise _thrown(f"The package is not signed by Axis Communications but by {signer}.")


def _run_installer(machine: Machine, arguments: Mapping[str, Any]) -> int:
    properties = " ".join(arguments["properties"])
    line = f'/i "{COPY}" /qn /norestart /l*v "{LOG}" {properties}'
    tasks_simulated.register(machine, TASK, tasks_simulated.as_system("msiexec.exe", line))
    tasks_simulated.start(machine, TASK)
    package: Any = machine.get("files", COPY, "msi")
    most = arguments["most_seconds"]
    if package["seconds"] > most:
        raise _thrown(
            f"The installation has not ended after {most // 60} minutes, and goes on."
            f" Plan again later; its log is {LOG}."
        )
    machine.put("files", LOG, value={"text": f"=== {properties}\r\n"})
    if package["exit_code"] in (_DONE, *_RESTART):
        install(machine, package, properties)
    machine.put("tasks", TASK, "last_result", value=package["exit_code"])
    machine.put("tasks", TASK, "state", value="Ready")
    return int(package["exit_code"])


def install(machine: Machine, package: Mapping[str, Any], properties: str) -> None:
    """What the Windows Installer leaves: the product in place of those that it replaces."""
    for key in _uninstall_keys(machine):
        name = str(read_value(machine, key, "DisplayName") or "").casefold()
        if name in map(str.casefold, (package["product"], *package["replaces"])):
            machine.drop("registry", key)
    key = rf"{ROOTS[0]}\{package['code']}"
    write_value(machine, key, "DisplayName", "String", package["product"])
    write_value(machine, key, "DisplayVersion", "String", package["version"])
    write_value(machine, key, "Publisher", "String", "Axis Communications AB")
    # Only the lab's: what the installer was told.
    machine.put("installed", package["code"], value={"properties": properties})


def _assert_installed(machine: Machine, code: int) -> None:
    if code in _RESTART:
        write_value(machine, *RESTART_MARKER, "String", "camera_station")
    elif code == 1618:
        raise _thrown("Another installation is running on the machine. Apply again when it has ended.")
    elif code == 1638:
        raise _thrown(
            "Another version of the product is installed that this package does not replace."
            " Remove it at the machine, then apply again."
        )
    elif code != _DONE:
        raise _thrown(f"msiexec.exe ended with {code}. Its log is {LOG}.")


def _thrown(message: str) -> ScriptFailure:
    return ScriptFailure(message, message)
