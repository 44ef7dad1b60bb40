# Services, as the service commands of 5.1, Win32_Service, sc.exe and w32tm.exe show and change them.

function Get-ServiceRow {
    $modes = @{ automatic = 'Auto'; manual = 'Manual'; disabled = 'Disabled' }
    foreach ($name in @(Get-PlaceName -Place 'services')) {
        $service = Get-Place -Place 'services', $name
        [pscustomobject]@{
            Name             = $name
            DisplayName      = $service.display_name
            StartMode        = $modes[$service.start]
            State            = $(if ($service.running) { 'Running' } else { 'Stopped' })
            DelayedAutoStart = [bool](Get-Place -Place 'services', $name, 'delayed')
        }
    }
}

function Assert-Service {
    param([string]$Name, [string]$Command)
    if ($null -eq (Get-Place -Place 'services', $Name)) {
        throw (New-Failure -Id "NoServiceFoundForGivenName,Microsoft.PowerShell.Commands.$Command" `
                -Category ObjectNotFound -Message "Cannot find any service with service name '$Name'.")
    }
}

function Set-Running {
    param([string]$Name, [bool]$Running)
    if ((Get-Place -Place 'services', $Name, 'running') -ne $Running) {
        Set-Place -Place 'services', $Name, 'running' -Value $Running
    }
}

function Start-Played {
    param([string]$Name, [string]$Command)
    Assert-Service -Name $Name -Command $Command
    if ((Get-Place -Place 'services', $Name, 'start') -eq 'disabled') {
        $shown = "$(Get-Place -Place 'services', $Name, 'display_name') ($Name)"
        throw (New-Failure -Id "CouldNotStartService,Microsoft.PowerShell.Commands.$Command" -Category OpenError `
                -Message "Service '$shown' cannot be started due to the following error: Cannot start service $Name on computer '.'.")
    }
    Set-Running -Name $Name -Running $true
}

function Get-Service {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0)] $Name,
        $ComputerName,
        [switch]$DependentServices,
        [switch]$RequiredServices,
        $Include,
        $Exclude,
        $DisplayName,
        [Parameter(ValueFromPipeline = $true)] $InputObject
    )
    Assert-Played -Name Get-Service -Bound $PSBoundParameters -Played Name
    Assert-Service -Name $Name -Command GetServiceCommand
    $row = Get-ServiceRow | Where-Object -FilterScript { $_.Name -eq $Name }
    [pscustomobject]@{
        Name              = $row.Name
        DisplayName       = $row.DisplayName
        Status            = $row.State
        StartType         = $row.StartMode.Replace('Auto', 'Automatic')
        DependentServices = @(Get-Dependent -Name $row.Name)
    }
}

function Get-Dependent {
    # Those that need this one, directly or by others.
    param([string]$Name)
    $needed = @($Name)
    while ($true) {
        $more = @(foreach ($other in @(Get-PlaceName -Place 'services')) {
                $needs = @(foreach ($one in (Get-Place -Place 'services', $other, 'needs')) { if ($needed -contains $one) { $one } })
                if ($needs.Count -gt 0 -and $needed -notcontains $other) { $other }
            })
        if ($more.Count -eq 0) {
            break
        }
        $needed += $more
    }
    foreach ($other in ($needed | Select-Object -Skip 1)) {
        $state = if (Get-Place -Place 'services', $other, 'running') { 'Running' } else { 'Stopped' }
        [pscustomobject]@{ Name = $other; Status = $state }
    }
}

function Start-Service {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0, ValueFromPipeline = $true)] $InputObject,
        [switch]$PassThru,
        $Include,
        $Exclude,
        [Parameter(Position = 1)] $Name,
        $DisplayName
    )
    Assert-Played -Name Start-Service -Bound $PSBoundParameters -Played Name
    Start-Played -Name $Name -Command StartServiceCommand
}

function Restart-Service {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0, ValueFromPipeline = $true)] $InputObject,
        [switch]$Force,
        [switch]$PassThru,
        $Include,
        $Exclude,
        [Parameter(Position = 1)] $Name,
        $DisplayName
    )
    Assert-Played -Name Restart-Service -Bound $PSBoundParameters -Played Name, Force
    Assert-Service -Name $Name -Command RestartServiceCommand
    if ((Get-Place -Place 'services', $Name, 'start') -eq 'disabled') {
        # It is stopped before Windows finds that it cannot be started.
        Set-Running -Name $Name -Running $false
    }
    Start-Played -Name $Name -Command RestartServiceCommand
}

function Stop-Service {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0, ValueFromPipeline = $true)] $InputObject,
        [switch]$Force,
        [switch]$NoWait,
        [switch]$PassThru,
        $Include,
        $Exclude,
        [Parameter(Position = 1)] $Name,
        $DisplayName
    )
    Assert-Played -Name Stop-Service -Bound $PSBoundParameters -Played Name, Force
    Assert-Service -Name $Name -Command StopServiceCommand
    $running = @(Get-Dependent -Name $Name | Where-Object -FilterScript { $_.Status -ne 'Stopped' })
    if ($running.Count -gt 0) {
        if ($Force) { throw 'windows.ps1 does not play Stop-Service -Force where others depend on it.' }
        $shown = "$(Get-Place -Place 'services', $Name, 'display_name') ($Name)"
        throw (New-Failure -Id 'ServiceHasDependentServices,Microsoft.PowerShell.Commands.StopServiceCommand' -Category InvalidOperation `
                -Message "Cannot stop service '$shown' because it has dependent services. It can only be stopped if the Force flag is set.")
    }
    Set-Running -Name $Name -Running $false
}

function sc.exe {
    $line = $args -join ' '
    $starts = @{ 'auto' = 'automatic'; 'delayed-auto' = 'automatic'; 'demand' = 'manual'; 'disabled' = 'disabled' }
    if ($line -notmatch '^(triggerinfo (?<triggers>\w+) delete|config (?<config>.+) start= (?<start>auto|delayed-auto|demand|disabled))$') {
        throw "windows.ps1 does not play sc.exe $line."
    }
    $name = if ($Matches.ContainsKey('config')) { $Matches['config'] } else { $Matches['triggers'] }
    if ($null -eq (Get-Place -Place 'services', $name)) {
        '[SC] OpenService FAILED 1060:', '', 'The specified service does not exist as an installed service.', ''
        $global:LASTEXITCODE = 1060
        return
    }
    if ($Matches.ContainsKey('config')) {
        $start = $Matches['start']
        Set-Place -Place 'services', $name, 'start' -Value $starts[$start]
        if ($start -like '*auto') {
            Set-Place -Place 'services', $name, 'delayed' -Value ($start -eq 'delayed-auto')
        }
        '[SC] ChangeServiceConfig SUCCESS'
    } else {
        Remove-Trigger -Service $name
        '[SC] ChangeServiceConfig2 SUCCESS'
    }
    $global:LASTEXITCODE = 0
}

function Remove-Trigger {
    param([string]$Service)
    $key = "HKLM\SYSTEM\CurrentControlSet\Services\$Service\TriggerInfo\"
    foreach ($name in @(Get-PlaceName -Place 'registry')) {
        if ($name.StartsWith($key, [StringComparison]::OrdinalIgnoreCase)) {
            Remove-Place -Place 'registry', $name
        }
    }
}

function Set-TimeParameter {
    param([string]$Name, [string]$Value)
    $row = New-Object -TypeName PSCustomObject
    Add-Field -Node $row -Name 'type' -Value 'String'
    Add-Field -Node $row -Name 'data' -Value $Value
    Set-Place -Place 'registry', 'HKLM\SYSTEM\CurrentControlSet\Services\W32Time\Parameters', $Name -Value $row
}

function w32tm.exe {
    $line = $args -join ' '
    $kinds = @{ 'manual' = 'NTP'; 'no' = 'NoSync'; 'domhier' = 'NT5DS' }
    $config = '^/config( /manualpeerlist:(?<peers>.+?))? /syncfromflags:(?<from>manual|NO|domhier)(?<update> /update)?$'
    if ($line -match $config) {
        if (-not $Matches.ContainsKey('update') -or (Test-TimeService)) {
            if ($Matches.ContainsKey('peers')) { Set-TimeParameter -Name 'NtpServer' -Value $Matches['peers'] }
            Set-TimeParameter -Name 'Type' -Value $kinds[$Matches['from'].ToLowerInvariant()]
            Get-Word -Name done
            $global:LASTEXITCODE = 0
        }
    } elseif ($line -eq '/resync /nowait') {
        'Sending resync command to local computer'
        if (Test-TimeService) {
            Get-Word -Name done
            $global:LASTEXITCODE = 0
        }
    } else {
        throw "windows.ps1 does not play w32tm.exe $line."
    }
}

function Test-TimeService {
    # w32tm fails with 0x80070426 while the service is stopped.
    $global:LASTEXITCODE = -2147023834
    [bool](Get-Place -Place 'services', 'w32time', 'running')
}

function gpupdate.exe {
    # The policy engine would stamp the local policy file's values into the registry; the scripts write both
    # alike, so the machine stays as it is. A domain's policies are not played.
    if (($args -join ' ') -ne '/target:computer /wait:60') {
        throw "windows.ps1 does not play gpupdate.exe $args."
    }
    Get-Word -Name policy
    $global:LASTEXITCODE = 0
}
