# The task scheduler. A task is a place below `tasks`, named by path and name; starting one is told and nothing
# more: who plays the machine runs what it does.

function Get-TaskPlace {
    # Without a path it is the root folder.
    param([string]$Path, [string]$Name)
    $folder = if ($Path) { '\' + $Path.Trim('\') + '\' } else { '\' }
    $folder.Replace('\\', '\') + $Name
}

function Assert-Task {
    param([string]$Place, [string]$Command)
    if ($null -eq (Get-Place -Place 'tasks', $Place)) {
        throw (New-Failure -Id "HRESULT 0x80070002,$Command" -Category ObjectNotFound `
                -Message 'The system cannot find the file specified.')
    }
}

function New-TaskNotFound {
    # What a command that looks tasks up says where it finds none of exactly this name.
    param([string]$Name, [string]$Command)
    New-Failure -Id "CmdletizationQuery_NotFound_TaskName,$Command" -Category ObjectNotFound -Message (
        "No MSFT_ScheduledTask objects found with property 'TaskName' equal to '$Name'.  Verify the value of the property and retry.")
}

function New-ScheduledTaskAction {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0, Mandatory = $true)] $Execute,
        [Parameter(Position = 1)] $Argument,
        [Parameter(Position = 2)] $WorkingDirectory,
        $Id,
        $CimSession,
        $ThrottleLimit,
        [switch]$AsJob
    )
    Assert-Played -Name New-ScheduledTaskAction -Bound $PSBoundParameters -Played Execute, Argument
    [pscustomobject]@{ Execute = [string]$Execute; Arguments = $(if ($null -ne $Argument) { [string]$Argument }) }
}

function New-ScheduledTaskTrigger {
    [CmdletBinding()]
    param(
        [switch]$Once,
        [switch]$Daily,
        [switch]$Weekly,
        [switch]$AtStartup,
        [switch]$AtLogOn,
        $At,
        $RandomDelay,
        $RepetitionDuration,
        $RepetitionInterval,
        $DaysInterval,
        $DaysOfWeek,
        $WeeksInterval,
        $User,
        $CimSession,
        $ThrottleLimit,
        [switch]$AsJob
    )
    Assert-Played -Name New-ScheduledTaskTrigger -Bound $PSBoundParameters -Played AtStartup
    if (-not $AtStartup) {
        throw 'windows.ps1 plays only the trigger at startup.'
    }
    [pscustomobject]@{ Kind = 'AtStartup' }
}

function New-ScheduledTaskPrincipal {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0)] $UserId,
        [Parameter(Position = 1)] $LogonType,
        [Parameter(Position = 2)] $RunLevel,
        [Parameter(Position = 3)] $ProcessTokenSidType,
        [Parameter(Position = 4)] $RequiredPrivilege,
        [Parameter(Position = 5)] $Id,
        $GroupId,
        $CimSession,
        $ThrottleLimit,
        [switch]$AsJob
    )
    Assert-Played -Name New-ScheduledTaskPrincipal -Bound $PSBoundParameters -Played UserId, LogonType, RunLevel
    [pscustomobject]@{
        UserId    = [string]$UserId
        LogonType = $(if ($LogonType) { [string]$LogonType } else { 'None' })
        RunLevel  = $(if ($RunLevel) { [string]$RunLevel } else { 'Limited' })
    }
}

function New-ScheduledTaskSettingsSet {
    [CmdletBinding()]
    param(
        [switch]$DisallowDemandStart,
        [switch]$DisallowHardTerminate,
        $Compatibility,
        $DeleteExpiredTaskAfter,
        [switch]$AllowStartIfOnBatteries,
        [switch]$Disable,
        [switch]$MaintenanceExclusive,
        [switch]$Hidden,
        [switch]$RunOnlyIfIdle,
        $IdleWaitTimeout,
        $NetworkId,
        $NetworkName,
        [switch]$DisallowStartOnRemoteAppSession,
        $MaintenancePeriod,
        $MaintenanceDeadline,
        [switch]$StartWhenAvailable,
        [switch]$DontStopIfGoingOnBatteries,
        [switch]$WakeToRun,
        $IdleDuration,
        [switch]$RestartOnIdle,
        [switch]$DontStopOnIdleEnd,
        $ExecutionTimeLimit,
        $MultipleInstances,
        $Priority,
        $RestartCount,
        $RestartInterval,
        [switch]$RunOnlyIfNetworkAvailable,
        $CimSession,
        $ThrottleLimit,
        [switch]$AsJob
    )
    Assert-Played -Name New-ScheduledTaskSettingsSet -Bound $PSBoundParameters `
        -Played AllowStartIfOnBatteries, DontStopIfGoingOnBatteries, StartWhenAvailable, ExecutionTimeLimit
    # Without a limit of its own a task is ended after three days; nought is no limit.
    $limit = if ($PSBoundParameters.ContainsKey('ExecutionTimeLimit')) { [timespan]$ExecutionTimeLimit } else { [timespan]'3.00:00:00' }
    [pscustomobject]@{
        AllowStartIfOnBatteries    = [bool]$AllowStartIfOnBatteries
        DontStopIfGoingOnBatteries = [bool]$DontStopIfGoingOnBatteries
        StartWhenAvailable         = [bool]$StartWhenAvailable
        LimitSeconds               = [long]$limit.TotalSeconds
    }
}

function ConvertTo-TaskRow {
    param($Action, $Trigger, $Principal, $Settings)
    $wanted = if ($null -ne $Settings) { $Settings } else { New-ScheduledTaskSettingsSet }
    [pscustomobject]@{
        state     = 'Ready'
        action    = [pscustomobject]@{ execute = $Action.Execute; arguments = $Action.Arguments }
        triggers  = @(foreach ($one in @($Trigger)) { if ($null -ne $one) { $one.Kind } })
        principal = [pscustomobject]@{
            sid        = $Principal.UserId
            logon_type = $Principal.LogonType
            run_level  = $Principal.RunLevel
        }
        settings  = [pscustomobject]@{
            allow_start_if_on_batteries     = $wanted.AllowStartIfOnBatteries
            dont_stop_if_going_on_batteries = $wanted.DontStopIfGoingOnBatteries
            start_when_available            = $wanted.StartWhenAvailable
            execution_time_limit_seconds    = $wanted.LimitSeconds
        }
    }
}

function Register-ScheduledTask {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0)] $TaskName,
        [Parameter(Position = 1)] $TaskPath,
        [Parameter(Position = 2)] $Action,
        [Parameter(Position = 3)] $Trigger,
        [Parameter(Position = 4)] $Settings,
        [Parameter(Position = 5)] $User,
        [Parameter(Position = 6)] $Password,
        [Parameter(Position = 7)] $RunLevel,
        [Parameter(Position = 8)] $Description,
        [switch]$Force,
        $CimSession,
        $ThrottleLimit,
        [switch]$AsJob,
        [Parameter(Position = 9)] $Xml,
        [Parameter(Position = 10)] $Principal,
        [Parameter(Position = 11, ValueFromPipeline = $true)] $InputObject
    )
    Assert-Played -Name Register-ScheduledTask -Bound $PSBoundParameters `
        -Played TaskName, TaskPath, Action, Trigger, Settings, Principal, Force
    if ($null -eq $Principal -or @($Action).Count -ne 1) {
        throw 'windows.ps1 plays only tasks with one action and a principal.'
    }
    $place = Get-TaskPlace -Path $TaskPath -Name $TaskName
    if (-not $Force -and $null -ne (Get-Place -Place 'tasks', $place)) {
        throw (New-Failure -Id 'HRESULT 0x800700b7,Register-ScheduledTask' -Category ResourceExists `
                -Message 'Cannot create a file when that file already exists.')
    }
    Set-Place -Place 'tasks', $place -Value (ConvertTo-TaskRow -Action $Action -Trigger $Trigger -Principal $Principal -Settings $Settings)
    Get-TaskObject -Place $place
}

function Get-TaskObject {
    param([string]$Place)
    $at = $Place.LastIndexOf('\') + 1
    [pscustomobject]@{
        TaskName = $Place.Substring($at)
        TaskPath = $Place.Substring(0, $at)
        State    = (Get-Place -Place 'tasks', $Place, 'state')
    }
}

function Get-ScheduledTask {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0)] $TaskName,
        [Parameter(Position = 1)] $TaskPath,
        $CimSession,
        $ThrottleLimit,
        [switch]$AsJob
    )
    Assert-Played -Name Get-ScheduledTask -Bound $PSBoundParameters -Played TaskName, TaskPath
    Update-Installer
    $name = if ($TaskName) { [string]$TaskName } else { '*' }
    $path = if ($TaskPath) { [string]$TaskPath } else { '*' }
    $found = @(Get-PlaceName -Place 'tasks' | ForEach-Object -Process { Get-TaskObject -Place $_ } |
            Where-Object -FilterScript { $_.TaskName -like $name -and $_.TaskPath -like $path })
    # Where a name is a pattern, nothing found is no error.
    if ($found.Count -eq 0 -and -not $name.Contains('*')) {
        throw (New-TaskNotFound -Name $name -Command 'Get-ScheduledTask')
    }
    if ($found.Count -eq 0 -and -not $path.Contains('*')) {
        throw 'windows.ps1 does not play the failure of Get-ScheduledTask -TaskPath without a name.'
    }
    $found
}

function Start-ScheduledTask {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0)] $TaskName,
        [Parameter(Position = 1)] $TaskPath,
        [Parameter(Position = 2, ValueFromPipeline = $true)] $InputObject,
        $CimSession,
        $ThrottleLimit,
        [switch]$AsJob
    )
    Assert-Played -Name Start-ScheduledTask -Bound $PSBoundParameters -Played TaskName, TaskPath
    $place = Get-TaskPlace -Path $TaskPath -Name $TaskName
    Assert-Task -Place $place -Command 'Start-ScheduledTask'
    # One instance of a task at a time: a second start is dropped without a word.
    if ((Get-Place -Place 'tasks', $place, 'state') -eq 'Running') {
        return
    }
    Set-Place -Place 'tasks', $place, 'state' -Value 'Running'
    if ((Get-Place -Place 'tasks', $place, 'action', 'execute') -eq 'msiexec.exe') {
        Start-Installer -Task $place
    }
    $global:StartedTasks += $place
    Write-Change -Change ([ordered]@{ task = $place })
}

function Stop-ScheduledTask {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0)] $TaskName,
        [Parameter(Position = 1)] $TaskPath,
        [Parameter(Position = 2, ValueFromPipeline = $true)] $InputObject,
        $CimSession,
        $ThrottleLimit,
        [switch]$AsJob
    )
    Assert-Played -Name Stop-ScheduledTask -Bound $PSBoundParameters -Played TaskName, TaskPath
    $place = Get-TaskPlace -Path $TaskPath -Name $TaskName
    Assert-Task -Place $place -Command 'Stop-ScheduledTask'
    if ((Get-Place -Place 'tasks', $place, 'state') -eq 'Running') {
        Set-Place -Place 'tasks', $place, 'state' -Value 'Ready'
    }
}

function Unregister-ScheduledTask {
    [CmdletBinding(SupportsShouldProcess = $true)]
    param(
        [Parameter(Position = 0)] $TaskName,
        [Parameter(Position = 1)] $TaskPath,
        [Parameter(Position = 2, ValueFromPipeline = $true)] $InputObject,
        $CimSession,
        $ThrottleLimit,
        [switch]$AsJob,
        [switch]$PassThru
    )
    Assert-Played -Name Unregister-ScheduledTask -Bound $PSBoundParameters -Played TaskName, TaskPath, Confirm
    if (-not $PSBoundParameters.ContainsKey('Confirm') -or $PSBoundParameters['Confirm']) {
        throw 'Unregister-ScheduledTask asks, and nobody is there to answer: -Confirm:$false.'
    }
    $place = Get-TaskPlace -Path $TaskPath -Name $TaskName
    if ($null -eq (Get-Place -Place 'tasks', $place)) {
        throw (New-TaskNotFound -Name $TaskName -Command 'Unregister-ScheduledTask')
    }
    Remove-Place -Place 'tasks', $place
}
