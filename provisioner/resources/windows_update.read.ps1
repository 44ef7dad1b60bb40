param($Arguments)

$preference = 'HKLM:\SOFTWARE\Microsoft\WindowsUpdate\UX\Settings'
$automatic = 'HKLM:\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate\AU'
$folder = 'C:\Windows\System32\GroupPolicy'

function Get-FileBase64 {
    param([string]$Path)
    if (-not (Test-Path -LiteralPath $Path)) {
        return $null
    }
    # ReadCount 0 hands the bytes on as one array; one by one they take seconds.
    $bytes = Get-Content -LiteralPath $Path -Encoding Byte -ReadCount 0
    if ($null -eq $bytes) {
        return ''
    }
    [Convert]::ToBase64String([byte[]]$bytes)
}

$policy = [ordered]@{}
foreach ($row in $Arguments.values) {
    $policy[$row.name] = Get-RegistryValue -Key $row.key.Replace('HKLM\', 'HKLM:\') -Name $row.name
}
$system = Get-CimInstance -ClassName Win32_ComputerSystem -Property PartOfDomain
[ordered]@{
    policy                = $policy
    preference            = [ordered]@{
        start = Get-RegistryValue -Key $preference -Name 'ActiveHoursStart'
        end   = Get-RegistryValue -Key $preference -Name 'ActiveHoursEnd'
    }
    no_restart_with_users = Get-RegistryValue -Key $automatic -Name 'NoAutoRebootWithLoggedOnUsers'
    policy_file           = Get-FileBase64 -Path "$folder\Machine\Registry.pol"
    gpt_ini               = Get-FileBase64 -Path "$folder\gpt.ini"
    part_of_domain        = [bool]$system.PartOfDomain
}
