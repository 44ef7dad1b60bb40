param([string]$Verb, $Arguments)

$folder = 'C:\Windows\System32\GroupPolicy'

function Set-FileBase64 {
    param([string]$Path, [string]$Content)
    # Force: the folder's files may be hidden or read-only.
    Set-Content -LiteralPath $Path -Value ([Convert]::FromBase64String($Content)) -Encoding Byte -Force
}

# The file before the registry: cut off in between, the next refresh brings what was declared.
if (-not (Test-Path -LiteralPath "$folder\Machine")) {
    $null = New-Item -Path "$folder\Machine" -ItemType Directory -Force
}
Set-FileBase64 -Path "$folder\Machine\Registry.pol" -Content $Arguments.policy_file
Set-FileBase64 -Path "$folder\gpt.ini" -Content $Arguments.gpt_ini
foreach ($row in $Arguments.values) {
    $key = $row.key.Replace('HKLM\', 'HKLM:\')
    if ($null -eq $row.number) {
        Remove-RegistryValue -Key $key -Name $row.name
    } else {
        Set-RegistryValue -Key $key -Name $row.name -Type 'DWord' -Value $row.number
    }
}
# Not checked: it fails where a domain controller is away, and the read-back shows what is in force. Its
# texts are translated, and its question about signing out must not find anybody to wait for.
$null = & gpupdate.exe /target:computer /wait:60
# The update agent takes policies over when it starts; where it is stopped it reads them anyway.
$agent = Get-Service -Name 'wuauserv'
if ([string]$agent.Status -eq 'Running') {
    Restart-Service -Name 'wuauserv' -Force
}
[ordered]@{}
