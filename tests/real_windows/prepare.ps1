# For a throw-away Windows machine only: a local administrator with a drawn password, WinRM with an HTTPS
# listener, both for this run. Leaves what the tests need in the workflow's environment file.
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2.0

$user = 'provision'
$bytes = New-Object -TypeName byte[] -ArgumentList 24
$random = [Security.Cryptography.RandomNumberGenerator]::Create()
$random.GetBytes($bytes)
$password = [Convert]::ToBase64String($bytes) + '.aA1'
# The runner blots it out of every log from here on.
[Console]::Out.WriteLine("::add-mask::$password")
$random.GetBytes($bytes)
$guard = [Convert]::ToBase64String($bytes) + '.bB2'
[Console]::Out.WriteLine("::add-mask::$guard")
Add-Content -LiteralPath $env:GITHUB_ENV -Value "PROVISIONER_REAL_GUARD=$guard"
$secure = New-Object -TypeName System.Security.SecureString
foreach ($character in $password.ToCharArray()) {
    $secure.AppendChar($character)
}
$null = New-LocalUser -Name $user -Password $secure -PasswordNeverExpires
Add-LocalGroupMember -SID 'S-1-5-32-544' -Member $user

Enable-PSRemoting -Force -SkipNetworkProfileCheck
# Else a local administrator gets a filtered token over the network (about_Remote_Troubleshooting).
$policy = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System'
$null = New-ItemProperty -LiteralPath $policy -Name 'LocalAccountTokenFilterPolicy' -PropertyType DWord -Value 1 -Force

$certificate = New-SelfSignedCertificate -DnsName 'localhost', $env:COMPUTERNAME -CertStoreLocation 'Cert:\LocalMachine\My'
$listener = @{ Transport = 'HTTPS'; Address = '*' }
$null = New-WSManInstance -ResourceURI 'winrm/config/listener' -SelectorSet $listener -ValueSet @{ CertificateThumbprint = $certificate.Thumbprint }
Set-Item -Path 'WSMan:\localhost\Service\Auth\Basic' -Value $true
Restart-Service -Name 'WinRM'

$sha = [Security.Cryptography.SHA256]::Create()
$digest = [BitConverter]::ToString($sha.ComputeHash($certificate.RawData)).Replace('-', '')
Add-Content -LiteralPath $env:GITHUB_ENV -Value "PROVISIONER_REAL_PIN=$digest"
Add-Content -LiteralPath $env:GITHUB_ENV -Value "PROVISIONER_REAL_THUMBPRINT=$($certificate.Thumbprint)"
Add-Content -LiteralPath $env:GITHUB_ENV -Value "PROVISIONER_REAL_PASSWORD=$password"
