param([string]$Verb, $Arguments)

$time = 'HKLM:\SYSTEM\CurrentControlSet\Services\W32Time'
if ($null -ne $Arguments.zone) {
    $null = & tzutil.exe /s $Arguments.zone
    Assert-ExitCode -Program 'tzutil.exe'
}
if ($Arguments.mode -eq 'ntp') {
    # On a workgroup PC the trigger "domain joined" stops the service again, also when it starts automatically.
    if (Test-Path -LiteralPath "$time\TriggerInfo\0") {
        $null = & sc.exe triggerinfo w32time delete
        Assert-ExitCode -Program 'sc.exe'
    }
    # Not Set-Service: it leaves a delayed start delayed.
    $null = & sc.exe config w32time 'start=' auto
    Assert-ExitCode -Program 'sc.exe'
    # w32tm cannot update or resync a service that is stopped.
    Start-Service -Name 'w32time'
    Set-RegistryValue -Key "$time\TimeProviders\NtpClient" -Name 'Enabled' -Type 'DWord' -Value 1
    if ($null -ne $Arguments.poll_seconds) {
        Set-RegistryValue -Key "$time\TimeProviders\NtpClient" -Name 'SpecialPollInterval' -Type 'DWord' -Value $Arguments.poll_seconds
    }
    $null = & w32tm.exe /config "/manualpeerlist:$($Arguments.peers)" /syncfromflags:manual /update
    Assert-ExitCode -Program 'w32tm.exe'
}
if ($Arguments.mode -eq 'manual') {
    $null = & w32tm.exe /config /syncfromflags:NO
    Assert-ExitCode -Program 'w32tm.exe'
    Stop-Service -Name 'w32time'
}
if ($null -ne $Arguments.clock_offset_ms) {
    # By a difference, not to a moment: nobody knows how long this request was under way.
    $null = Set-Date -Adjust ([TimeSpan]::FromMilliseconds(0 - $Arguments.clock_offset_ms))
}
if ($Arguments.mode -eq 'ntp') {
    # Only a nudge: servers that are silent now are asked again by the service itself.
    $null = & w32tm.exe /resync /nowait
}
[ordered]@{}
