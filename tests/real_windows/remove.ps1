# Takes back what prepare.ps1 made.
$ErrorActionPreference = 'Continue'
Set-StrictMode -Version 2.0

Set-Item -Path 'WSMan:\localhost\Service\Auth\Basic' -Value $false
Remove-WSManInstance -ResourceURI 'winrm/config/listener' -SelectorSet @{ Transport = 'HTTPS'; Address = '*' }
if ($env:PROVISIONER_REAL_THUMBPRINT) {
    Remove-Item -LiteralPath "Cert:\LocalMachine\My\$env:PROVISIONER_REAL_THUMBPRINT"
}
Remove-LocalUser -Name 'provision'
Remove-LocalGroup -Name 'Provision Operators'
Remove-LocalUser -Name 'provision-guard'
Remove-NetFirewallRule -Name 'provisioner-rehearsal'
& netsh.exe winhttp reset proxy
