# For a throw-away Windows machine only: a loopback adapter with an address of its own, on which a change of
# address can be rehearsed. Leaves its name for the tests; where it cannot be made, they skip and say so.
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2.0

$kits = "${env:ProgramFiles(x86)}\Windows Kits\10\Tools"
$devcon = @()
if (Test-Path -LiteralPath $kits) {
    $devcon = @(Get-ChildItem -Path $kits -Filter 'devcon.exe' -Recurse | Where-Object -FilterScript { $_.DirectoryName -like '*x64*' })
}
if ($devcon.Count -eq 0) {
    [Console]::Out.WriteLine('::warning::No devcon.exe here: the change of address is not rehearsed.')
    return
}
& $devcon[0].FullName install "$env:windir\inf\netloop.inf" '*MSLOOP'
if ($LASTEXITCODE -ne 0) {
    throw "devcon.exe ended with $LASTEXITCODE."
}
$adapter = @(Get-NetAdapter | Where-Object -FilterScript { $_.InterfaceDescription -like '*KM-TEST Loopback*' })[0]
Rename-NetAdapter -Name $adapter.Name -NewName 'rehearsal'
Set-NetIPInterface -InterfaceIndex $adapter.InterfaceIndex -AddressFamily IPv4 -Dhcp Disabled
$null = New-NetIPAddress -InterfaceIndex $adapter.InterfaceIndex -IPAddress '192.0.2.151' -PrefixLength 24
Add-Content -LiteralPath $env:GITHUB_ENV -Value 'PROVISIONER_REAL_ADAPTER=rehearsal'
