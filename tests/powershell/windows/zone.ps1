# Time zones, as tzutil.exe sets them from the machine's own table.

function Set-ZoneField {
    param([string]$Name, [string]$Type, $Content)
    $row = New-Object -TypeName PSCustomObject
    Add-Field -Node $row -Name 'type' -Value $Type
    Add-Field -Node $row -Name 'data' -Value $Content
    Set-Place -Place 'registry', 'HKLM\SYSTEM\CurrentControlSet\Control\TimeZoneInformation', $Name -Value $row
}

function Get-ZoneRule {
    # TZI: Bias, StandardBias, DaylightBias as Int32, then two SYSTEMTIMEs (REG_TZI_FORMAT).
    param([string]$Key)
    $rule = Get-Place -Place 'registry', $Key, 'TZI', 'data'
    if ($null -eq $rule) {
        throw "windows.ps1 does not play tzutil.exe on a zone without TZI: $Key."
    }
    return , [Convert]::FromBase64String($rule)
}

function Get-Transition {
    # Weekday's n-th occurrence in a month; the fifth is the last.
    param([byte[]]$Rule, [int]$Start, [int]$Year)
    $parts = foreach ($field in 1..5) { [BitConverter]::ToInt16($Rule, $Start + 2 * $field) }
    $month, $weekday, $nth, $hour, $minute = $parts
    $day = New-Object -TypeName DateTime -ArgumentList $Year, $month, 1, $hour, $minute, 0
    $day = $day.AddDays((($weekday - [int]$day.DayOfWeek + 7) % 7) + 7 * ($nth - 1))
    if ($day.Month -ne $month) { $day.AddDays(-7) } else { $day }
}

function Get-ActiveBias {
    # Minutes that UTC is ahead of the zone's local time now.
    param([byte[]]$Rule, [bool]$Daylight)
    $bias = [BitConverter]::ToInt32($Rule, 0)
    if (-not $Daylight -or [BitConverter]::ToInt16($Rule, 30) -eq 0) {
        return $bias
    }
    $saving = [BitConverter]::ToInt32($Rule, 8)
    $now = ([datetime]'1970-01-01').AddMilliseconds((Get-MachineUtc)).AddMinutes( - $bias)
    $on = Get-Transition -Rule $Rule -Start 28 -Year $now.Year
    # The end is told in summer time.
    $off = (Get-Transition -Rule $Rule -Start 12 -Year $now.Year).AddMinutes($saving)
    $summer = if ($on -lt $off) { $now -ge $on -and $now -lt $off } else { $now -ge $on -or $now -lt $off }
    if ($summer) { $bias + $saving } else { $bias }
}

function tzutil.exe {
    if ($args.Count -ne 2 -or $args[0] -ne '/s') {
        throw "windows.ps1 does not play tzutil.exe $args."
    }
    $zones = 'HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Time Zones\'
    $zone = [string]$args[1] -replace '_dstoff$', ''
    $listed = @(Get-PlaceName -Place 'registry' | Where-Object -FilterScript { $_ -eq ($zones + $zone) })
    if ($listed.Count -eq 0) {
        $global:LASTEXITCODE = 1
        return
    }
    $rule = Get-ZoneRule -Key $listed[0]
    $daylight = [string]$args[1] -notlike '*_dstoff'
    # As the table spells it, whatever was typed.
    Set-ZoneField -Name 'TimeZoneKeyName' -Type 'String' -Content $listed[0].Substring($zones.Length)
    Set-ZoneField -Name 'DynamicDaylightTimeDisabled' -Type 'DWord' -Content ([int](-not $daylight))
    Set-ZoneField -Name 'Bias' -Type 'DWord' -Content ([BitConverter]::ToInt32($rule, 0))
    Set-ZoneField -Name 'ActiveTimeBias' -Type 'DWord' -Content (Get-ActiveBias -Rule $rule -Daylight $daylight)
    $global:LASTEXITCODE = 0
}
