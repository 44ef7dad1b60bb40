param([string]$Verb, $Arguments)

$folder = 'C:\Program Files\provisioner\network'
$tasks = 'provisioner-network-revert', 'provisioner-network-startup', 'provisioner-network-change'

function Set-Text {
    param([string]$Name, [string]$Value)
    # Beside it and moved over it: a power cut leaves a whole file or none.
    Save-Text -Path "$folder\$Name.new" -Value $Value
    Move-Item -LiteralPath "$folder\$Name.new" -Destination "$folder\$Name" -Force
}

function Get-Record {
    param([string]$Name)
    if (-not (Test-Path -LiteralPath "$folder\$Name")) {
        return $null
    }
    ConvertFrom-Json -InputObject (@(Get-TextLine -Path "$folder\$Name") -join '')
}

function Remove-Transaction {
    foreach ($name in $tasks) {
        if (@(Get-ScheduledTask | Where-Object -FilterScript { $_.TaskName -eq $name }).Count -gt 0) {
            Stop-ScheduledTask -TaskPath '\' -TaskName $name
            Unregister-ScheduledTask -TaskPath '\' -TaskName $name -Confirm:$false
        }
    }
    if (Test-Path -LiteralPath $folder) {
        Remove-Item -LiteralPath $folder -Recurse -Force
    }
}

function Register-Task {
    param([string]$Name, [string]$Act, [bool]$AtStartup)
    # As text and not as a file: a group policy for signed files would end it before its first line.
    $text = "(Get-Content -LiteralPath '$folder\task.ps1' -Encoding UTF8 -Raw)"
    $line = "-NoProfile -NonInteractive -Command `"& ([scriptblock]::Create($text)) -Act $Act`""
    $task = @{
        TaskName  = $Name
        TaskPath  = '\'
        Action    = New-ScheduledTaskAction -Execute 'powershell.exe' -Argument $line
        Principal = New-ScheduledTaskPrincipal -UserId 'S-1-5-18' -LogonType ServiceAccount -RunLevel Highest
        # Without a limit of its own a task is ended after three days, and on battery it does not even start.
        Settings  = New-ScheduledTaskSettingsSet -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries -StartWhenAvailable -ExecutionTimeLimit ([TimeSpan]::Zero)
    }
    if ($AtStartup) {
        $task.Trigger = New-ScheduledTaskTrigger -AtStartup
    }
    $null = Register-ScheduledTask @task
}

function Assert-Armed {
    # Only what would really take the change back lets it begin.
    $sent = @($Arguments.task_script.TrimEnd().Split([char]10) | ForEach-Object -Process { $_.TrimEnd() }) -join '|'
    $kept = @(Get-TextLine -Path "$folder\task.ps1" | ForEach-Object -Process { $_.TrimEnd() }) -join '|'
    if (-not [string]::Equals($sent, $kept.TrimEnd('|'), [StringComparison]::Ordinal)) {
        throw 'The script that takes the change back was not kept whole.'
    }
    for ($try = 0; $try -lt 20; $try++) {
        $revert = Get-ScheduledTask -TaskPath '\' -TaskName 'provisioner-network-revert'
        if ($revert.State -eq 'Running') {
            return
        }
        Start-Sleep -Milliseconds 500
    }
    throw 'The task that takes the change back does not run.'
}

function Start-Transaction {
    $null = New-Item -Path $folder -ItemType Directory -Force
    Set-Text -Name 'task.ps1' -Value $Arguments.task_script
    $wanted = [ordered]@{ guid = $Arguments.guid; confirm_seconds = $Arguments.confirm_seconds; address = $Arguments.address; dns = $Arguments.dns; category = $Arguments.category }
    Set-Text -Name 'wanted.json' -Value (ConvertTo-Json -InputObject $wanted -Depth 5 -Compress)
    Register-Task -Name 'provisioner-network-revert' -Act 'revert' -AtStartup $false
    Register-Task -Name 'provisioner-network-startup' -Act 'startup' -AtStartup $true
    Register-Task -Name 'provisioner-network-change' -Act 'change' -AtStartup $false
    # Late: as long as it is not there, nothing is pending and nothing would be restored.
    Set-Text -Name 'before.json' -Value (ConvertTo-Json -InputObject $Arguments.before -Depth 5 -Compress)
    Set-Text -Name 'state.json' -Value (ConvertTo-Json -InputObject ([ordered]@{ id = $Arguments.id; state = 'armed'; what = '' }) -Compress)
    Start-ScheduledTask -TaskPath '\' -TaskName 'provisioner-network-revert'
    Assert-Armed
}

function Assert-Ours {
    $state = Get-Record -Name 'state.json'
    if ($null -eq $state -or $state.id -ne $Arguments.id -or -not (Test-Path -LiteralPath "$folder\before.json")) {
        throw 'Too late: the machine has taken the change back.'
    }
}

if ($Verb -eq 'change') {
    foreach ($name in 'before.json', 'reverting.json', 'state.json') {
        if (Test-Path -LiteralPath "$folder\$name") {
            throw 'Another change of the network is pending, or its rest was not cleared away.'
        }
    }
    try {
        # What a run that lost its machine before anything was armed has left.
        Remove-Transaction
        Start-Transaction
        # It sleeps first, so that this answer has left before anything changes.
        Start-ScheduledTask -TaskPath '\' -TaskName 'provisioner-network-change'
    } catch {
        Remove-Transaction
        throw
    }
}
if ($Verb -eq 'confirm') {
    Assert-Ours
    # Whoever moves this file first has won: we, or the timer.
    Move-Item -LiteralPath "$folder\before.json" -Destination "$folder\confirmed.json"
    try {
        Remove-Transaction
    } catch {
        # It is confirmed all the same; the task that would have taken it back clears the rest away.
        $null = $_
    }
}
if ($Verb -eq 'forget') {
    $state = Get-Record -Name 'state.json'
    $gaveUp = $null -ne $state -and $state.state -eq 'failed'
    if ((Test-Path -LiteralPath "$folder\before.json") -or ((Test-Path -LiteralPath "$folder\reverting.json") -and -not $gaveUp)) {
        throw 'A change of the network is still pending.'
    }
    Remove-Transaction
}
[ordered]@{}
