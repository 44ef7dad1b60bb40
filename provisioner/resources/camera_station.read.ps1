param($Arguments)

$software = 'HKLM:\SOFTWARE'
$uninstall = 'Microsoft\Windows\CurrentVersion\Uninstall'

# Not Win32_Product: asking it makes the installer check and repair every program.
$products = @(foreach ($root in "$software\$uninstall", "$software\WOW6432Node\$uninstall") {
        # Keys without a name are parts of other programs.
        $named = Get-ItemProperty -Path "$root\*" -Name 'DisplayName' -ErrorAction SilentlyContinue
        foreach ($row in @($named | Where-Object -FilterScript { $null -ne $_ -and $_.DisplayName -like 'AXIS Camera Station*' })) {
            [ordered]@{
                name    = [string]$row.DisplayName
                version = Get-RegistryValue -Key "$root\$($row.PSChildName)" -Name 'DisplayVersion'
            }
        }
    })
$package = $null
if ($null -ne $Arguments.package) {
    $package = [bool](Test-Path -LiteralPath $Arguments.package)
}
[ordered]@{
    products        = $products
    package_there   = $package
    installer       = [string](Get-Service -Name 'msiserver').StartType
    server          = [bool](Test-Path -LiteralPath "$software\Axis Communications\Axis Camera Station Server")
    left_over       = [bool](Test-Path -LiteralPath 'C:\Program Files\provisioner\install')
    restart_pending = ($null -ne (Get-RegistryValue -Key 'HKLM:\HARDWARE\DESCRIPTION\System' -Name 'ProvisionerRestartPending'))
}
