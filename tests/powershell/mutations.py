"""Small mistakes, each planted in a copy of one script, that the fixtures must find."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from provisioner.links.scripts import runner, script


@dataclass(frozen=True)
class Mutation:
    """`before` stands once in the script; with `after` in its place the script is wrong."""

    name: str
    script: str
    before: str
    after: str

    def text(self) -> str:
        """The whole script with the mistake in it."""
        text = script(self.script) if "." in self.script else runner(self.script)
        assert text.count(self.before) == 1, self.name
        return text.replace(self.before, self.after)

    def plant(self, folder: Path) -> None:
        """Write the copy below a folder of its own, as `run.ps1 -Replaced` takes it."""
        place = folder / self.name
        place.mkdir()
        (place / f"{self.script}.ps1").write_text(self.text(), "ascii")


MUTATIONS = (
    Mutation("wrong value name of the machine", "host.read", "'MachineGuid'", "'MachineGuids'"),
    Mutation(
        "dropped list around the run file",
        "host.read",
        "@(Get-TextLine -Path 'C:\\Program Files\\provisioner\\run.jsonl')",
        "Get-TextLine -Path 'C:\\Program Files\\provisioner\\run.jsonl'",
    ),
    Mutation(
        "time in the culture's format",
        "host.read",
        "Date).ToString('s')",
        "Date).ToString('yyyy-MM-ddTHH:mm:ss')",
    ),
    Mutation("the board's serial number", "host.read", "Win32_BIOS", "Win32_BaseBoard"),
    Mutation("the day before in America", "host.read", ".ToUniversalTime()", ""),
    Mutation("any failure means no write filter", "host.read", "'HRESULT 0x80041010,*'", "'HRESULT *'"),
    Mutation("a missing namespace is unknown", "host.read", "0x8004100e", "0x8004100f"),
    Mutation("the filter after the restart", "host.read", "$filter.NextEnabled", "$filter.CurrentEnabled"),
    Mutation(
        "columns changed over", "host.read", "name, type, sid, attributes", "sid, type, name, attributes"
    ),
    Mutation("any administrator is elevated", "host.read", "$high -and (", "$high -or ("),
    Mutation("without a level not elevated", "host.read", "}).Count -eq 0) {", "}).Count -lt 0) {"),
    Mutation(
        "renames of nothing wait",
        "host.read",
        "@($renames | Where-Object -FilterScript { $_ })",
        "@($renames)",
    ),
    Mutation("case counts in a pending name", "host.read", "$name -ne $active", "$name -cne $active"),
    Mutation("no pending name is another one", "host.read", "$null -ne $name -and ", ""),
    Mutation(
        "updaters of one kind", "host.read", ", 'HKLM:\\SOFTWARE\\Wow6432Node", ", 'HKLM:\\SOFTWARE\\Wow"
    ),
    Mutation("stopped services run", "host.read", ".Status -eq 'Running'", ".Status -ne ''"),
    Mutation("no list of services is unknown", "host.read", "running = $running", "running = $running[0]"),
    Mutation("a restart twice is an error", "host.write", " -and $LASTEXITCODE -ne 1190", ""),
    Mutation("lost error of shutdown", "host.write", "$LASTEXITCODE -ne 0 -and", "$LASTEXITCODE -lt 0 -and"),
    Mutation(
        "delay in milliseconds", "host.write", "$Arguments.delay_seconds", "($Arguments.delay_seconds * 1000)"
    ),
    Mutation(
        "pending name read from the active one",
        "computer_name.read",
        "$key\\ComputerName",
        "$key\\ActiveComputerName",
    ),
    Mutation("case counts in a name", "computer_name.write", "-eq $active", "-ceq $active"),
    Mutation("lost answer of the rename", "computer_name.write", "-ne 0", "-lt 0"),
    Mutation("swapped comparison of the start mode", "clock.read", "-ne 'Disabled'", "-eq 'Disabled'"),
    Mutation("wrong value name of the interval", "clock.read", "'SpecialPollInterval'", "'PollInterval'"),
    Mutation(
        "policy and service changed over", "clock.read", "Policies\\Microsoft\\W32Time", "Microsoft\\W32Time"
    ),
    Mutation(
        "wrong type of the client's switch",
        "clock.write",
        "'Enabled' -Type 'DWord'",
        "'Enabled' -Type 'QWord'",
    ),
    Mutation("lost error of tzutil", "clock.write", "    Assert-ExitCode -Program 'tzutil.exe'\n", ""),
    Mutation("service not started", "clock.write", "    Start-Service -Name 'w32time'\n", ""),
    Mutation("offset in seconds", "clock.write", "FromMilliseconds", "FromSeconds"),
    Mutation("offset added", "clock.write", "0 - $Arguments", "0 + $Arguments"),
    Mutation("battery from mains", "power.read", "{$plan}\\DC\\", "{$plan}\\AC\\"),
    Mutation("every plan is active", "power.read", " -Filter 'IsActive = TRUE'", ""),
    Mutation("battery written to mains", "power.write", "/setdcvalueindex", "/setacvalueindex"),
    Mutation(
        "minutes for seconds", "power.write", "$row.setting $row.ac", "$row.setting ([int]($row.ac / 60))"
    ),
    Mutation(
        "plan not made active again",
        "power.write",
        "$null = & powercfg.exe /setactive SCHEME_CURRENT\nAssert-ExitCode -Program 'powercfg.exe'\n",
        "",
    ),
    Mutation("an empty file is a missing one", "windows_update.read", "return ''", "return $null"),
    Mutation("wrong hour", "windows_update.read", "'ActiveHoursEnd'", "'ActiveHoursStart'"),
    Mutation(
        "zero is taken for nothing", "windows_update.write", "$null -eq $row.number", "-not $row.number"
    ),
    Mutation("wrong type of a policy", "windows_update.write", "'DWord'", "'String'"),
    Mutation("a running agent is left alone", "windows_update.write", "-eq 'Running'", "-ne 'Running'"),
    Mutation("the server for the bypass list", "proxy.read", "'ProxyOverride'", "'ProxyServer'"),
    Mutation("another account's proxy", "proxy.read", "S-1-5-18", "S-1-5-19"),
    Mutation("the policy file as bytes", "proxy.read", ".Replace([string][char]0, '')", ""),
    Mutation("one proxy for another", "proxy.read", "'WinHttpSettings'", "'SavedLegacySettings'"),
    Mutation("zero is no value", "proxy.write", "$null -eq $row.value", "-not $row.value"),
    Mutation("another account is changed", "proxy.write", "LOCALSYSTEM", "NETWORKSERVICE"),
    Mutation("lost error of bitsadmin", "proxy.write", "    Assert-ExitCode -Program 'bitsadmin.exe'\n", ""),
    Mutation("bytes as text", "proxy.write", "-Type 'Binary'", "-Type 'String'"),
    Mutation("the private profile's new name", "firewall_rule.read", "'StandardProfile'", "'PrivateProfile'"),
    Mutation("any text is a rule", "firewall_rule.read", "-like 'v*|*'", "-like 'v*'"),
    Mutation("no policy has rules", "firewall_rule.read", "-Store $owned", "-Store $own"),
    Mutation("a category twice", "firewall_rule.read", " | Sort-Object -Unique", ""),
    Mutation("a stopped firewall runs", "firewall_rule.read", "-eq 'Running'", "-ne 'Stopping'"),
    Mutation("the other end's ports", "firewall_rule.write", "LocalPort ", "RemotePort "),
    Mutation("a new rule of nobody", "firewall_rule.write", " -Group 'provisioner'", ""),
    Mutation(
        "a program stays",
        "firewall_rule.write",
        "if ($null -ne $Arguments.program)",
        "if ($Arguments.program -like 'C*')",
    ),
    Mutation(
        "a name that is kept is lost", "firewall_rule.write", "} elseif ($null -ne", "} elseif ($null -eq"
    ),
    Mutation("a list of one is unrolled", "ask", "return , $found.$Name", "return $found.$Name"),
    Mutation(
        "a value is removed when it is not there",
        "change",
        "if ($null -ne (Get-RegistryValue",
        "if ($null -eq (Get-RegistryValue",
    ),
    Mutation("exit codes are not looked at", "change", "$LASTEXITCODE -ne 0", "$LASTEXITCODE -eq 259"),
    Mutation("bytes are read one by one", "windows_update.read", " -ReadCount 0", ""),
    Mutation(
        "a virtual switch is taken for the network", "network.read", "$adapter.HardwareInterface -and ", ""
    ),
    Mutation("the delay is forgotten", "windows_service.read", "[bool]$row.DelayedAutoStart", "$false"),
    Mutation("stopped ones depend too", "windows_service.read", " -and $_.Status -ne 'Stopped'", ""),
    Mutation(
        "a list of one dependent is a word",
        "windows_service.read",
        "$dependents = @($running | ForEach-Object -Process { [string]$_.Name } | Sort-Object)",
        "$dependents = $running | ForEach-Object -Process { [string]$_.Name } | Sort-Object",
    ),
    Mutation("triggers of another service", "windows_service.read", "TriggerInfo\\0", "TriggerInfo\\1"),
    Mutation("one that is not there is disabled", "windows_service.read", "        continue\n", ""),
    Mutation(
        "sc.exe's failure is lost", "windows_service.write", "    Assert-ExitCode -Program 'sc.exe'\n", ""
    ),
    Mutation("start and equals sign in one", "windows_service.write", "'start=' $", "'start' $"),
    Mutation(
        "no word is no", "windows_service.write", "$Arguments.running -eq $false", "-not $Arguments.running"
    ),
    Mutation("stopped by force", "windows_service.write", "Stop-Service -Name", "Stop-Service -Force -Name"),
    Mutation(
        "programs of 32 bits are forgotten",
        "camera_station.read",
        ', "$software\\WOW6432Node\\$uninstall"',
        "",
    ),
    Mutation(
        "a list of one product is an object",
        "camera_station.read",
        "$products = @(foreach",
        "$products = $(foreach",
    ),
    Mutation(
        "any package is there",
        "camera_station.read",
        "-LiteralPath $Arguments.package)",
        "-LiteralPath 'C:\\Windows')",
    ),
    Mutation("other programs of Axis", "camera_station.read", "'AXIS Camera Station*'", "'AXIS *'"),
    Mutation(
        "the mark of a restart is not seen", "camera_station.read", "'ProvisionerRestartPending'", "'Pending'"
    ),
    Mutation("another service installs", "camera_station.read", "'msiserver'", "'TrustedInstaller'"),
    Mutation("any hash is taken", "camera_station.write", "$hash -ne $Arguments.sha256", "$hash -eq ''"),
    Mutation(
        "the original is hashed",
        "camera_station.write",
        "Get-FileHash -LiteralPath $copy",
        "Get-FileHash -LiteralPath 'C:\\other.msi'",
    ),
    Mutation(
        "a broken signature is taken",
        "camera_station.write",
        "$signature.Status -ne 'Valid'",
        "$null -eq $signature.Status",
    ),
    Mutation(
        "anybody may sign", "camera_station.write", "'(^|, )(CN|O)=\"?Axis Communications\\b'", "'Axis'"
    ),
    Mutation("a restart is not marked", "camera_station.write", "$Code -eq 3010 -or ", ""),
    Mutation(
        "a failed installation is a success",
        "camera_station.write",
        "elseif ($Code -ne 0)",
        "elseif ($Code -lt 0)",
    ),
    Mutation("the copy stays behind", "camera_station.write", "Remove-Item -LiteralPath $copy -Force\n", ""),
    Mutation(
        "the task stays behind",
        "camera_station.write",
        "Unregister-ScheduledTask -TaskPath '\\' -TaskName $task -Confirm:$false\nRemove",
        "Remove",
    ),
    Mutation(
        "it waits too short",
        "camera_station.write",
        "-le $Arguments.most_seconds",
        "-lt $Arguments.most_seconds",
    ),
    Mutation(
        "a second one beside the first",
        "camera_station.write",
        "$old.State -eq 'Running'",
        "$old.State -eq 'Queued'",
    ),
    Mutation("an adapter without cable is taken for one with it", "network.read", "-eq 1 }", "-ge 1 }"),
    Mutation(
        "lists of stored addresses are forgotten", "network.read", "-Name 'IPAddress'", "-Name 'IPAddresses'"
    ),
    Mutation(
        "routes of other adapters count",
        "network.read",
        "$_.InterfaceIndex -eq $index -and $_.Dest",
        "$_.Dest",
    ),
    Mutation("name servers of the lease count", "network.read", "'NameServer'", "'DhcpNameServer'"),
    Mutation(
        "a second change is let in",
        "network.write",
        "'before.json', 'reverting.json', 'state.json'",
        "'confirmed.json'",
    ),
    Mutation("no task takes back at the start", "network.write", "-AtStartup $true", "-AtStartup $false"),
    Mutation(
        "the way back is not started",
        "network.write",
        "    Start-ScheduledTask -TaskPath '\\' -TaskName 'provisioner-network-revert'\n",
        "",
    ),
    Mutation("the task may be ended on battery", "network.write", " -DontStopIfGoingOnBatteries", ""),
    Mutation("the task is nobody's", "network.write", "'S-1-5-18'", "'S-1-5-19'"),
    Mutation("any change is confirmed", "network.write", "$state.id -ne $Arguments.id", "$false"),
    Mutation(
        "a pending change is forgotten",
        "network.write",
        '(Test-Path -LiteralPath "$folder\\before.json") -or',
        "$false -or",
    ),
    Mutation(
        "the folder stays", "network.write", "        Remove-Item -LiteralPath $folder -Recurse -Force\n", ""
    ),
    Mutation("users are the administrators", "local_user.read", "'S-1-5-32-544'", "'S-1-5-32-545'"),
    Mutation("case counts in the name of an account", "local_user.read", "::OrdinalIgnoreCase", "::Ordinal"),
    Mutation("groups do not take names", "local_user.read", "$group.SID.Value", "$null"),
    Mutation("never expires from another bit", "local_user.read", "-band 0x10000", "-band 0x1000"),
    Mutation(
        "an old password must be changed", "local_user.read", " -and $null -eq $account.PasswordLastSet", ""
    ),
    Mutation(
        "an old password must be changed already",
        "local_user.write",
        " -and $null -eq (Get-LastSet -Sid $Sid)",
        "",
    ),
    Mutation("whose profile does not matter", "local_user.read", " -and $_.SID -eq $sid", ""),
    Mutation("a profile is looked at unasked", "local_user.read", "$asked.profile -and ", ""),
    Mutation("damaged markers stop the reading", "local_user.read", "    $kept = $null\n}", "    throw\n}"),
    Mutation(
        "a new account is in no group",
        "local_user.write",
        "        Add-GroupMemberSid -Group 'S-1-5-32-545' -Member $sid\n",
        "",
    ),
    Mutation("half of an account stays", "local_user.write", "        Remove-LocalUser -SID $sid\n", ""),
    Mutation(
        "empty is not declared", "local_user.write", "$null -ne $Arguments.full_name", "$Arguments.full_name"
    ),
    Mutation(
        "may and may not changed over", "local_user.write", "= -not $Arguments.user", "= $Arguments.user"
    ),
    Mutation(
        "the password is set while it must be changed",
        "local_user.write",
        "            Set-MustChange -Name $Arguments.name -Wanted $false\n",
        "",
    ),
    Mutation(
        "a password that somebody set is taken for ours",
        "local_user.write",
        "'password_last_set') -eq $before",
        "'password_last_set') -ne 0",
    ),
    Mutation(
        "ours is taken for somebody's", "local_user.write", " -or (Get-LastSet -Sid $sid) -ne $before", ""
    ),
    Mutation(
        "the last administrator goes",
        "local_user.write",
        "    Assert-AdministratorLeft -Add @() -Remove $sid\n    if",
        "    if",
    ),
    Mutation(
        "the last administrator is disabled", "local_user.write", "$Arguments.enabled -eq $false -or ", ""
    ),
    Mutation(
        "the last administrator loses the rights",
        "local_user.write",
        " -or $Arguments.administrator -eq $false",
        "",
    ),
    Mutation("every profile goes", "local_user.write", "{ $_.SID -eq $sid }", "{ $_.SID }"),
    Mutation("a marker outlives its account", "local_user.write", "        $markers.Remove($sid)\n", ""),
    Mutation("anybody may read the digests", "local_user.write", "    Initialize-Folder -Path $folder\n", ""),
    Mutation("a digest of another length", "change", "GetBytes(32)", "GetBytes(20)"),
    Mutation("a digest that is quick to try", "change", "$bytes, $Iterations, $hash", "$bytes, 1, $hash"),
    Mutation(
        "administrators by another group", "host.read", "-Group 'S-1-5-32-544'", "-Group 'S-1-5-32-545'"
    ),
    Mutation("a list of one account is unrolled", "host.read", "$local = @(foreach", "$local = $(foreach"),
    Mutation("who may log on is forgotten", "host.read", "[bool]$user.Enabled", "$true"),
    Mutation(
        "groups with another letter are the same", "local_group.read", "OrdinalIgnoreCase", "CurrentCulture"
    ),
    Mutation("a group is known by its name alone", "local_group.read", "$null -ne $Asked.sid", "$false"),
    Mutation(
        "a domain that is silent has no such account",
        "local_group.read",
        "[string]$_.Exception.Message",
        "$null",
    ),
    Mutation("well-known groups by their names", "local_group.read", "'S-1-5-21-*' -and", "'S-1-5-*' -and"),
    Mutation("everybody is a stranger", "local_group.read", " -and $Known -notcontains $_", ""),
    Mutation(
        "a list of one member is unrolled", "local_group.read", "$members = @(Get-G", "$members = $(Get-G"
    ),
    Mutation(
        "half of a group stays",
        "local_group.write",
        "        Remove-LocalGroup -SID $sid\n        throw",
        "        throw",
    ),
    Mutation("nobody is missed", "change", "        throw 'No enabled", "        $null = 'No enabled"),
    Mutation("who may not log on counts", "change", "{ $_.Enabled }", "{ $true }"),
    Mutation("who goes counts as one who stays", "change", "{ $Remove -notcontains $_ }", "{ $true }"),
    Mutation("who joins does not count", "change", ") + @($Add)", ")"),
    Mutation("where nobody was, somebody is missed", "change", "$had.Count -gt 0 -and ", ""),
    Mutation(
        "a missing account is passed over",
        "local_group.write",
        '            throw "There',
        '            continue; "There',
    ),
    Mutation("the guest by name alone", "local_group.write", "$null -ne $row.ending", "$false"),
    Mutation(
        "an account's name is not looked at", "local_group.write", "Find-AccountSid -Name $row.name", "$null"
    ),
)
MAY_SURVIVE = frozenset({"bytes are read one by one"})
"""Gives the same answer, only slower: no fixture can tell."""
