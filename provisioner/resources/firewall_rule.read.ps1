param($Arguments)

$local = 'HKLM:\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy'
$policy = 'HKLM:\SOFTWARE\Policies\Microsoft\WindowsFirewall'

function Get-Store {
    # All rules at once: one reading of the key is cheap, and Get-NetFirewallRule takes a minute for a few.
    param([string]$Key)
    if (Test-Path -LiteralPath $Key) {
        Get-ItemProperty -LiteralPath $Key
    }
}

function Get-RuleText {
    param($Store, [string]$Name)
    if ($null -eq $Store -or $null -eq $Store.PSObject.Properties[$Name]) {
        return $null
    }
    # What is no rule's text is no rule.
    if ([string]$Store.$Name -like 'v*|*') { [string]$Store.$Name } else { $null }
}

$own = Get-Store -Key "$local\FirewallRules"
$owned = Get-Store -Key "$policy\FirewallRules"
$rules = [ordered]@{}
foreach ($name in $Arguments.names) {
    $rules[$name] = [ordered]@{
        text   = Get-RuleText -Store $own -Name $name
        policy = Get-RuleText -Store $owned -Name $name
    }
}
$profiles = [ordered]@{}
# StandardProfile is the old name of the private one; policies have the new name.
foreach ($row in @('domain', 'DomainProfile', 'DomainProfile'), @('private', 'StandardProfile', 'PrivateProfile'), @('public', 'PublicProfile', 'PublicProfile')) {
    $profiles[$row[0]] = [ordered]@{
        on                 = Get-RegistryValue -Key "$local\$($row[1])" -Name 'EnableFirewall'
        policy_on          = Get-RegistryValue -Key "$policy\$($row[2])" -Name 'EnableFirewall'
        policy_local_rules = Get-RegistryValue -Key "$policy\$($row[2])" -Name 'AllowLocalPolicyMerge'
    }
}
$service = Get-Service -Name 'mpssvc'
$system = Get-CimInstance -ClassName Win32_ComputerSystem -Property PartOfDomain
[ordered]@{
    rules           = $rules
    profiles        = $profiles
    networks        = @(Get-NetConnectionProfile | ForEach-Object -Process { [string]$_.NetworkCategory } | Sort-Object -Unique)
    service_running = [string]$service.Status -eq 'Running'
    part_of_domain  = [bool]$system.PartOfDomain
}
