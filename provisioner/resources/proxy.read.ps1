param($Arguments)

$settings = 'SOFTWARE\Microsoft\Windows\CurrentVersion\Internet Settings'
$machine = "HKLM:\$settings"
$policy = 'HKLM:\SOFTWARE\Policies\Microsoft\Windows\CurrentVersion\Internet Settings'
# The system account by its SID; there is no drive for the users' hives.
$system = "Registry::HKEY_USERS\S-1-5-18\$settings"

function Get-RegistryBase64 {
    param([string]$Key, [string]$Name)
    $bytes = Get-RegistryValue -Key $Key -Name $Name
    # What is no binary value is nothing that Windows would use.
    if ($bytes -isnot [byte[]]) {
        return $null
    }
    [Convert]::ToBase64String($bytes)
}

function Test-InPolicyFile {
    # Whether gpedit holds the switch: the next refresh would put it back. Names are UTF-16 there, at any byte.
    param([string]$Path)
    if (-not (Test-Path -LiteralPath $Path)) {
        return $false
    }
    # ReadCount 0 hands the bytes on as one array; one by one they take seconds.
    $bytes = Get-Content -LiteralPath $Path -Encoding Byte -ReadCount 0
    if ($null -eq $bytes) {
        return $false
    }
    [Text.Encoding]::ASCII.GetString([byte[]]$bytes).Replace([string][char]0, '') -like '*ProxySettingsPerUser*'
}

$computer = Get-CimInstance -ClassName Win32_ComputerSystem -Property PartOfDomain
[ordered]@{
    client         = [ordered]@{
        per_user       = Get-RegistryValue -Key $policy -Name 'ProxySettingsPerUser'
        in_policy_file = Test-InPolicyFile -Path 'C:\Windows\System32\GroupPolicy\Machine\Registry.pol'
        enable         = Get-RegistryValue -Key $machine -Name 'ProxyEnable'
        server         = Get-RegistryValue -Key $machine -Name 'ProxyServer'
        bypass         = Get-RegistryValue -Key $machine -Name 'ProxyOverride'
        script         = Get-RegistryValue -Key $machine -Name 'AutoConfigURL'
        connection     = Get-RegistryBase64 -Key "$machine\Connections" -Name 'DefaultConnectionSettings'
    }
    server         = Get-RegistryBase64 -Key "$system\Connections" -Name 'DefaultConnectionSettings'
    winhttp        = Get-RegistryBase64 -Key "$machine\Connections" -Name 'WinHttpSettings'
    part_of_domain = [bool]$computer.PartOfDomain
}
