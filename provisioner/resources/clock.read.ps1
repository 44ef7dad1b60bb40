param($Arguments)

$zone = 'HKLM:\SYSTEM\CurrentControlSet\Control\TimeZoneInformation'
$zones = 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Time Zones'
$time = 'HKLM:\SYSTEM\CurrentControlSet\Services\W32Time'

function Get-NtpSetting {
    param([string]$Root)
    $client = "$Root\TimeProviders\NtpClient"
    [ordered]@{
        type           = Get-RegistryValue -Key "$Root\Parameters" -Name 'Type'
        servers        = Get-RegistryValue -Key "$Root\Parameters" -Name 'NtpServer'
        client_enabled = Get-RegistryValue -Key $client -Name 'Enabled'
        poll_seconds   = Get-RegistryValue -Key $client -Name 'SpecialPollInterval'
    }
}

$listed = $null
if ($null -ne $Arguments.zone) {
    $listed = [bool](Test-Path -LiteralPath "$zones\$($Arguments.zone)")
}
$system = Get-CimInstance -ClassName Win32_ComputerSystem -Property PartOfDomain
$services = @{}
$named = "Name = 'w32time' OR Name = 'tzautoupdate'"
$properties = 'Name', 'StartMode', 'State', 'DelayedAutoStart'
foreach ($service in (Get-CimInstance -ClassName Win32_Service -Filter $named -Property $properties)) {
    $services[$service.Name] = $service
}
$w32time = $services['w32time']
if ($null -eq $w32time) {
    throw 'The service w32time is not installed.'
}
[ordered]@{
    zone                  = Get-RegistryValue -Key $zone -Name 'TimeZoneKeyName'
    daylight_disabled     = Get-RegistryValue -Key $zone -Name 'DynamicDaylightTimeDisabled'
    zone_listed           = $listed
    zone_follows_location = ($services.ContainsKey('tzautoupdate') -and $services['tzautoupdate'].StartMode -ne 'Disabled')
    ntp                   = Get-NtpSetting -Root $time
    ntp_policy            = Get-NtpSetting -Root 'HKLM:\SOFTWARE\Policies\Microsoft\W32Time'
    service               = [ordered]@{
        start     = [string]$w32time.StartMode
        delayed   = [bool]$w32time.DelayedAutoStart
        running   = ($w32time.State -eq 'Running')
        # The service control manager keeps triggers here; sc.exe tells them in the system's language.
        triggered = [bool](Test-Path -LiteralPath "$time\TriggerInfo\0")
    }
    part_of_domain        = [bool]$system.PartOfDomain
}
