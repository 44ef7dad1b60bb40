# Nothing real is ever started: what is neither ours nor pure is refused before it is looked up.

function Remove-TypeData {
    # Other engines than 5.1 have no Count member on arrays to remove.
    [CmdletBinding()]
    param([Parameter(Position = 0)] $TypeName, $Path, $TypeData)
    Assert-Played -Name Remove-TypeData -Bound $PSBoundParameters -Played TypeName
}

$global:PureCommands = @{}
foreach ($name in @(
        'Add-Member', 'Compare-Object', 'ConvertFrom-Json', 'ConvertTo-Json', 'ForEach-Object', 'Group-Object',
        'Join-Path', 'Measure-Object', 'New-Object', 'New-TimeSpan', 'Out-Default', 'Out-Null', 'Out-String',
        'Select-Object', 'Select-String', 'Set-StrictMode', 'Sort-Object', 'Split-Path', 'Where-Object', 'Write-Error',
        'Write-Output')) {
    $global:PureCommands[$name] = $true
}

# Functions that the engine brought along are not ours, whatever they do.
$global:ForeignFunctions = @{}
foreach ($name in 'cd..', 'cd\', 'cd~', 'Clear-Host', 'exec', 'help', 'mkdir', 'more', 'oss', 'Pause', 'prompt', 'TabExpansion2', 'ImportSystemModules') {
    $global:ForeignFunctions[$name] = $true
}

$ExecutionContext.InvokeCommand.PreCommandLookupAction = {
    param($Name, $Lookup)
    if ($global:PureCommands.ContainsKey($Name)) {
        return
    }
    $own = $ExecutionContext.SessionState.PSVariable.GetValue('function:' + $Name)
    if ($null -ne $own -and -not $global:ForeignFunctions.ContainsKey($Name)) {
        return
    }
    $Lookup.CommandScriptBlock = { throw "windows.ps1 refuses the command $Name." }.GetNewClosure()
    $Lookup.StopSearch = $true
}
