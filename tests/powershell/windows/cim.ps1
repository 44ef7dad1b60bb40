# CIM classes that the scripts ask for, with the filters that they use.

function Get-CimInstance {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0)] $ClassName,
        $ComputerName,
        [switch]$KeyOnly,
        $Namespace,
        $OperationTimeoutSec,
        $QueryDialect,
        [switch]$Shallow,
        $Filter,
        $Property,
        $CimSession,
        $ResourceUri,
        $Query,
        [Parameter(Position = 1, ValueFromPipeline = $true)] $InputObject
    )
    Assert-Played -Name Get-CimInstance -Bound $PSBoundParameters -Played ClassName, Namespace, Filter, Property
    $space = if ($Namespace) { $Namespace.Replace('/', '\').ToLowerInvariant() } else { 'root\cimv2' }
    $denied = Get-Place -Place 'wmi', 'denied'
    if ($denied -contains $ClassName) {
        throw (New-Failure -Message 'Access denied ' -Category PermissionDenied `
                -Id 'HRESULT 0x80041003,Microsoft.Management.Infrastructure.CimCmdlets.GetCimInstanceCommand')
    }
    $missing = Get-Place -Place 'wmi', 'missing'
    if ($missing -contains $ClassName) {
        throw (New-InvalidClass -Message 'Invalid class ')
    }
    $rows = switch ("$space\$ClassName") {
        'root\cimv2\Win32_OperatingSystem' { Get-OperatingSystemRow }
        'root\cimv2\Win32_ComputerSystem' { Get-ComputerSystemRow }
        'root\cimv2\Win32_BIOS' { Get-BiosRow }
        'root\cimv2\Win32_Service' { Get-ServiceRow }
        'root\cimv2\Win32_UserProfile' { Get-UserProfileRow }
        'root\standardcimv2\MSFT_NetAdapter' { Get-AdapterRow }
        'root\standardcimv2\embedded\UWF_Filter' { Get-WriteFilterRow }
        'root\cimv2\power\Win32_PowerPlan' { Get-PowerPlanRow }
        'root\cimv2\power\Win32_PowerSettingDataIndex' { Get-PowerSettingRow }
        default {
            throw (New-InvalidClass -Message "Invalid class: windows.ps1 does not play $space $ClassName.")
        }
    }
    $kept = if ($Filter) { Select-CimRow -Rows @($rows) -Filter $Filter } else { $rows }
    foreach ($row in @($kept)) {
        if ($Property) { Select-CimProperty -Row $row -Property @($Property) } else { $row }
    }
}

function New-InvalidClass {
    param([string]$Message)
    New-Failure -Message $Message -Category MetadataError `
        -Id 'HRESULT 0x80041010,Microsoft.Management.Infrastructure.CimCmdlets.GetCimInstanceCommand'
}

function Select-CimProperty {
    # Properties that were not asked for are there, and null.
    param($Row, [string[]]$Property)
    $copy = New-Object -TypeName PSCustomObject
    foreach ($name in $Property) {
        if ($null -eq $Row.PSObject.Properties[$name]) {
            throw "windows.ps1 does not play the CIM property $name."
        }
    }
    foreach ($field in $Row.PSObject.Properties) {
        $plain = if ($Property -contains $field.Name) { $field.Value } else { $null }
        Add-Field -Node $copy -Name $field.Name -Value $plain
    }
    $copy
}

function Select-CimRow {
    # WQL: comparisons with = or LIKE, joined by AND or by OR, no brackets. Inside quotes a backslash is doubled.
    param($Rows, [string]$Filter)
    $glue = if ($Filter -match '(?i)\sOR\s') { 'OR' } else { 'AND' }
    $tests = @([Text.RegularExpressions.Regex]::Split($Filter.Trim(), "(?i)\s+$glue\s+"))
    foreach ($row in $Rows) {
        $held = @($tests | Where-Object -FilterScript { Test-CimRow -Row $row -Comparison $_ })
        if ($held.Count -eq $tests.Count -or ($glue -eq 'OR' -and $held.Count -gt 0)) {
            $row
        }
    }
}

function Test-CimRow {
    param($Row, [string]$Comparison)
    if ($Comparison -notmatch "^(\w+)\s*(=|LIKE)\s*(?:'((?:[^'\\]|\\.)*)'|`"((?:[^`"\\]|\\.)*)`"|(TRUE|FALSE|\d+))`$") {
        throw "windows.ps1 does not play the CIM filter $Comparison."
    }
    $name = $Matches[1]
    $like = $Matches[2] -eq 'LIKE'
    $bare = if ($Matches.ContainsKey(5)) { $Matches[5] } elseif ($Matches.ContainsKey(4)) { $Matches[4] } else { $Matches[3] }
    $text = $bare -replace '\\(.)', '$1'
    if ($null -eq $Row.PSObject.Properties[$name]) {
        throw "windows.ps1 does not play the CIM property $name."
    }
    $actual = [string]$Row.$name
    if (-not $like) {
        return $actual -eq $text
    }
    if ($text -match '[\[_]') {
        throw "windows.ps1 does not play the CIM pattern $text."
    }
    return $actual -match ('^' + [Text.RegularExpressions.Regex]::Escape($text).Replace('%', '.*') + '$')
}

function Get-OperatingSystemRow {
    $started = [long](Get-Place -Place 'boot', 'started_ms')
    [pscustomobject]@{ LastBootUpTime = (New-MachineTime -UtcMs $started) }
}

function Get-ComputerSystemRow {
    $domain = Get-Place -Place 'domain'
    $active = Get-Place -Place 'registry', 'HKLM\SYSTEM\CurrentControlSet\Control\ComputerName\ActiveComputerName', 'ComputerName', 'data'
    $user = Get-Place -Place 'logged_on'
    if ($user -and -not $user.Contains('\')) { $user = "$active\$user" }
    [pscustomobject]@{
        Name         = $active
        Manufacturer = Get-Place -Place 'hardware', 'manufacturer'
        Model        = Get-Place -Place 'hardware', 'model'
        UserName     = $user
        PartOfDomain = ($null -ne $domain)
        Domain       = $(if ($null -ne $domain) { $domain } else { 'WORKGROUP' })
        CimClass     = [pscustomobject]@{ CimClassName = 'Win32_ComputerSystem' }
    }
}
