# Power plans, as root\cimv2\power and powercfg.exe show them.

function Get-PowerPlanRow {
    foreach ($plan in @(Get-PlaceName -Place 'power', 'plans')) {
        [pscustomobject]@{
            InstanceID  = "Microsoft:PowerPlan\{$plan}"
            ElementName = (Get-Place -Place 'power', 'plans', $plan, 'name')
            IsActive    = ((Get-Place -Place 'power', 'active') -eq $plan)
        }
    }
}

function Get-PowerSettingRow {
    # On a machine without battery the DC rows do not exist.
    foreach ($plan in @(Get-PlaceName -Place 'power', 'plans')) {
        foreach ($setting in @(Get-PlaceName -Place 'power', 'plans', $plan, 'settings')) {
            foreach ($source in @(Get-PlaceName -Place 'power', 'plans', $plan, 'settings', $setting)) {
                [pscustomobject]@{
                    InstanceID        = "Microsoft:PowerSettingDataIndex\{$plan}\$($source.ToUpperInvariant())\{$setting}"
                    SettingIndexValue = [uint32](Get-Place -Place 'power', 'plans', $plan, 'settings', $setting, $source)
                }
            }
        }
    }
}

function powercfg.exe {
    $line = $args -join ' '
    $active = Get-Place -Place 'power', 'active'
    $current = @(Get-PlaceName -Place 'power', 'plans' | Where-Object -FilterScript { $_ -eq $active })
    $global:LASTEXITCODE = [int]($current.Count -eq 0)
    if ($line -eq '/setactive SCHEME_CURRENT') {
        return
    }
    $guid = '[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}'
    if ($line -notmatch "^/set(?<source>ac|dc)valueindex SCHEME_CURRENT $guid (?<setting>$guid) (?<index>\d+)`$") {
        throw "windows.ps1 does not play powercfg.exe $line."
    }
    $place = 'power', 'plans', [string]$active, 'settings', $Matches['setting']
    if ($current.Count -eq 0 -or $null -eq (Get-Place -Place $place) -or [decimal]$Matches['index'] -gt [uint32]::MaxValue) {
        Get-Word -Name invalid
        $global:LASTEXITCODE = 1
        return
    }
    Set-Place -Place ($place + $Matches['source']) -Value ([long]$Matches['index'])
}
