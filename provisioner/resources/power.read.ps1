param($Arguments)

$namespace = 'root\cimv2\power'
$policy = 'HKLM:\SOFTWARE\Policies\Microsoft\Power\PowerSettings'
$active = Get-CimInstance -Namespace $namespace -ClassName Win32_PowerPlan -Filter 'IsActive = TRUE' -Property InstanceID
if ($null -eq $active -or $active.InstanceID -notmatch '\{([0-9A-Fa-f-]{36})\}') {
    throw 'No power plan is active.'
}
$plan = $Matches[1].ToLowerInvariant()

# Filtered by the provider: a machine has several hundred of these rows.
$filter = @(foreach ($setting in $Arguments.settings) { "InstanceID LIKE '%{$($setting.setting)}'" }) -join ' OR '
$rows = @{}
foreach ($row in (Get-CimInstance -Namespace $namespace -ClassName Win32_PowerSettingDataIndex -Filter $filter -Property InstanceID, SettingIndexValue)) {
    $rows[$row.InstanceID] = $row.SettingIndexValue
}
$settings = [ordered]@{}
foreach ($setting in $Arguments.settings) {
    $key = "$policy\$($setting.setting)"
    # Without a battery there are no DC rows: null, not an error.
    $settings[$setting.name] = [ordered]@{
        ac        = $rows["Microsoft:PowerSettingDataIndex\{$plan}\AC\{$($setting.setting)}"]
        dc        = $rows["Microsoft:PowerSettingDataIndex\{$plan}\DC\{$($setting.setting)}"]
        policy_ac = Get-RegistryValue -Key $key -Name 'ACSettingIndex'
        policy_dc = Get-RegistryValue -Key $key -Name 'DCSettingIndex'
    }
}
$system = Get-CimInstance -ClassName Win32_ComputerSystem -Property PartOfDomain
[ordered]@{
    plan           = $plan
    plan_policy    = Get-RegistryValue -Key $policy -Name 'ActivePowerScheme'
    settings       = $settings
    part_of_domain = [bool]$system.PartOfDomain
}
