param([string]$Verb, $Arguments)

foreach ($row in $Arguments.values) {
    $key = $row.key.Replace('HKLM\', 'HKLM:\')
    if ($null -eq $row.value) {
        Remove-RegistryValue -Key $key -Name $row.name
    } elseif ($row.type -eq 'Binary') {
        Set-RegistryValue -Key $key -Name $row.name -Type 'Binary' -Value ([Convert]::FromBase64String($row.value))
    } else {
        Set-RegistryValue -Key $key -Name $row.name -Type $row.type -Value $row.value
    }
}
if ($null -ne $Arguments.server) {
    $words = @($Arguments.server)
    $null = & bitsadmin.exe /util /setieproxy LOCALSYSTEM @words
    Assert-ExitCode -Program 'bitsadmin.exe'
}
if ($null -ne $Arguments.winhttp) {
    $words = @($Arguments.winhttp)
    $null = & netsh.exe winhttp @words
    Assert-ExitCode -Program 'netsh.exe'
}
[ordered]@{}
