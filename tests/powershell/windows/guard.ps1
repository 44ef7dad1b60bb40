# Nothing real is ever started: what is neither ours nor pure is refused before it is looked up.

# Functions that the engine brought along are not ours, whatever they do. Taken before ours are defined.
$global:ForeignFunctions = @{}
foreach ($foreign in (Get-ChildItem -Path function:)) {
    $global:ForeignFunctions[$foreign.Name] = $true
}
# Later versions and loaded modules bring these; the loop above knows only what is there now.
foreach ($name in 'help', 'mkdir', 'more', 'oss', 'Clear-Host', 'Get-Verb', 'ImportSystemModules', 'TabExpansion2') {
    $global:ForeignFunctions[$name] = $true
}

$global:PureCommands = @{}
foreach ($name in @(
        'Add-Member', 'Compare-Object', 'ConvertFrom-Csv', 'ConvertFrom-Json', 'ConvertTo-Json', 'ForEach-Object', 'Group-Object',
        'Join-Path', 'Measure-Object', 'New-Object', 'New-TimeSpan', 'Out-Default', 'Out-Null', 'Out-String',
        'Select-Object', 'Select-String', 'Set-StrictMode', 'Sort-Object', 'Split-Path', 'Where-Object', 'Write-Error',
        'Write-Output')) {
    $global:PureCommands[$name] = $true
}

# The real one where there is one: 5.1's arrays must lose their Count member, or their JSON is another.
if (Get-Command -Name Remove-TypeData -CommandType Cmdlet -ErrorAction SilentlyContinue) {
    $global:PureCommands['Remove-TypeData'] = $true
} else {
    function Remove-TypeData {
        [CmdletBinding()]
        param([Parameter(Position = 0)] $TypeName, $Path, $TypeData)
        Assert-Played -Name Remove-TypeData -Bound $PSBoundParameters -Played TypeName
    }
}

# Functions of the shipped runners that reach Windows where no command does: whenever they are called, ours runs.
$global:ReplacedFunctions = @{
    'Test-SixtyFourBit'     = 'Test-PlayedSixtyFourBit'
    'Get-GroupMemberSid'    = 'Get-PlayedGroupMemberSid'
    'Find-AccountSid'       = 'Find-PlayedAccountSid'
    'Find-AccountName'      = 'Find-PlayedAccountName'
    'Add-GroupMemberSid'    = 'Add-PlayedGroupMemberSid'
    'Remove-GroupMemberSid' = 'Remove-PlayedGroupMemberSid'
    'Get-UserFlag'          = 'Get-PlayedUserFlag'
    'Set-MustChange'        = 'Set-PlayedMustChange'
    'New-Salt'              = 'New-PlayedSalt'
}

function Exit-Guard {
    # For a session that goes on when the small Windows is done.
    $ExecutionContext.InvokeCommand.PreCommandLookupAction = $null
}

function Enter-Guard {
    $ExecutionContext.InvokeCommand.PreCommandLookupAction = {
        param($Name, $Lookup)
        if ($global:PureCommands.ContainsKey($Name)) {
            return
        }
        if ($global:ReplacedFunctions.ContainsKey($Name)) {
            $played = $global:ReplacedFunctions[$Name]
            $Lookup.CommandScriptBlock = { & $played @args }.GetNewClosure()
            $Lookup.StopSearch = $true
            return
        }
        $own = $ExecutionContext.SessionState.PSVariable.GetValue('function:' + $Name)
        if ($null -ne $own -and -not $global:ForeignFunctions.ContainsKey($Name)) {
            return
        }
        $Lookup.CommandScriptBlock = { throw "windows.ps1 refuses the command $Name." }.GetNewClosure()
        $Lookup.StopSearch = $true
    }
}
