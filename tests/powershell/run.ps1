# Runs the shipped scripts on the small Windows of functions and compares answer and machine with the fixtures.
#
#   powershell -NoProfile -ExecutionPolicy Bypass -File tests\powershell\run.ps1
#   pwsh -NoProfile -File tests/powershell/run.ps1 [-Fixtures FOLDER] [-Replaced FOLDER]
#
# One line per case, then "N passed, N failed"; the exit code is 1 where one failed. Nothing real is touched.
# -Fixtures  another folder of cases (*.json).
# -Replaced  a folder of folders: for each of them, the scripts in it stand in for the shipped ones of the same
#            name, and the cases of their kind (of all kinds for ask.ps1 and change.ps1) are run until one fails.
param([string]$Fixtures, [string]$Replaced)

$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2.0
. ([IO.Path]::Combine($PSScriptRoot, 'windows.ps1'))
Remove-TypeData -TypeName System.Array -ErrorAction SilentlyContinue

function Get-File {
    # Text by name without ending.
    param([string]$Folder, [string]$Ending, [bool]$Below)
    $depth = if ($Below) { [IO.SearchOption]::AllDirectories } else { [IO.SearchOption]::TopDirectoryOnly }
    $files = @{}
    foreach ($path in [IO.Directory]::GetFiles($Folder, "*$Ending", $depth)) {
        $name = $path.Substring($Folder.Length).Trim([char[]]'/\').Replace('\', '/')
        $files[$name.Substring(0, $name.Length - $Ending.Length)] = [IO.File]::ReadAllText($path)
    }
    $files
}

function Get-Shown {
    # Canonical text. The order of fields counts in an answer; in a machine it does not.
    param($Node, [bool]$Sorted)
    if ($null -eq $Node) { return 'null' }
    if ($Node -is [string]) { return '"' + $Node.Replace('\', '\\').Replace('"', '\"') + '"' }
    # PowerShell 7 makes dates of text that looks like one, on both sides alike.
    if ($Node -is [datetime]) { return $Node.ToString('o', [Globalization.CultureInfo]::InvariantCulture) }
    if ($Node -is [array]) {
        return '[' + (@(foreach ($inner in $Node) { Get-Shown -Node $inner -Sorted $Sorted }) -join ', ') + ']'
    }
    if ($Node -is [System.Management.Automation.PSCustomObject]) {
        $fields = @(foreach ($field in $Node.PSObject.Properties) {
                '"' + $field.Name + '": ' + (Get-Shown -Node $field.Value -Sorted $Sorted)
            })
        if ($Sorted) { [Array]::Sort($fields, [StringComparer]::OrdinalIgnoreCase) }
        return '{' + ($fields -join ', ') + '}'
    }
    [Convert]::ToString($Node, [Globalization.CultureInfo]::InvariantCulture)
}

function Invoke-Call {
    # The answer as the wire would carry it.
    param($Scripts, $Call)
    # Time stands still between two calls, however long one of them slept.
    $global:SleptMs = [long]0
    try {
        if ($Call.verb -eq 'read') {
            $value = Invoke-Ask -Request @{ scripts = $Scripts } -Ask $Call
        } else {
            $script = [scriptblock]::Create($Scripts[$Call.script + '.write'])
            $value = & $script -Verb $Call.verb -Arguments $Call.arguments
        }
    } catch {
        $fact = Get-ErrorFact -ErrorRecord $_
        $value = [ordered]@{ error = [ordered]@{ id = $fact.id; message = $fact.message } }
    }
    $json = ConvertTo-Json -InputObject @{ answer = $value } -Depth 20 -Compress
    Get-Shown -Node (ConvertFrom-Json -InputObject $json).answer -Sorted $false
}

function Get-Wanted {
    # The machine that a case wants: the one before with the case's changes on it.
    param($Case)
    $found = $global:MachineState
    $global:MachineState = $Case.before
    foreach ($change in @($Case.after)) {
        if ($null -eq $change.PSObject.Properties['place']) {
            continue
        }
        if ($null -ne $change.PSObject.Properties['value']) {
            Set-Place -Place @($change.place) -Value $change.value
        } else {
            Remove-Place -Place @($change.place)
        }
    }
    $global:MachineState = $found
    $Case.before
}

function Get-Difference {
    # Where two texts part, with what stands around it.
    param([string]$What, [string]$Wanted, [string]$Found)
    if ([string]::Equals($Wanted, $Found, [StringComparison]::Ordinal)) {
        return
    }
    $at = 0
    while ($at -lt $Wanted.Length -and $at -lt $Found.Length -and $Wanted[$at] -ceq $Found[$at]) { $at++ }
    $from = [Math]::Max(0, $at - 60)
    $parts = foreach ($text in $Wanted, $Found) { $text.Substring($from, [Math]::Min(200, $text.Length - $from)) }
    "$What should be ...$($parts[0]) but is ...$($parts[1])"
}

function Test-Case {
    # Nothing, or what is wrong.
    param($Scripts, [string]$Json)
    $case = ConvertFrom-Json -InputObject $Json
    $env:PROVISIONER_TEST_NOW_MS = [string]$case.now_ms
    Set-Machine -Machine (ConvertFrom-Json -InputObject $Json).before
    $calls = if ($null -ne $case.PSObject.Properties['calls']) { @($case.calls) } else { @($case) }
    foreach ($call in $calls) {
        $answer = Get-Shown -Node $call.answer -Sorted $false
        $found = Invoke-Call -Scripts $Scripts -Call $call.request
        Get-Difference -What "$($call.request.script) $($call.request.verb): the answer" -Wanted $answer -Found $found
    }
    $wanted = Get-Wanted -Case $case
    $texts = @(foreach ($machine in $wanted, $global:MachineState) { ConvertTo-Json -InputObject $machine -Depth 20 -Compress })
    # Only where the order of the fields may differ is the slow way needed.
    if (-not [string]::Equals($texts[0], $texts[1], [StringComparison]::Ordinal)) {
        $shown = Get-Shown -Node $global:MachineState -Sorted $true
        Get-Difference -What 'the machine' -Wanted (Get-Shown -Node $wanted -Sorted $true) -Found $shown
    }
    $restarts = @(foreach ($change in @($case.after)) {
            if ($null -ne $change.PSObject.Properties['restart']) { $change.restart }
        })
    Get-Difference -What 'seconds to the restart' -Wanted ($restarts -join ', ') -Found ([string]$global:RestartSeconds)
    $started = @(foreach ($change in @($case.after)) {
            if ($null -ne $change.PSObject.Properties['task']) { $change.task }
        })
    Get-Difference -What 'the tasks that were started' -Wanted ($started -join ', ') -Found ($global:StartedTasks -join ', ')
}

$root = [IO.Path]::GetFullPath([IO.Path]::Combine($PSScriptRoot, '..', '..'))
if (-not $Fixtures) { $Fixtures = [IO.Path]::Combine($root, 'tests', 'fixtures') }
$cases = Get-File -Folder ([IO.Path]::GetFullPath($Fixtures)) -Ending '.json' -Below $true
$shipped = Get-File -Folder ([IO.Path]::Combine($root, 'provisioner', 'resources')) -Ending '.ps1'
$shipped += Get-File -Folder ([IO.Path]::Combine($root, 'provisioner', 'links')) -Ending '.ps1'
$rounds = @('')
if ($Replaced) { $rounds = @([IO.Directory]::GetDirectories([IO.Path]::GetFullPath($Replaced)) | Sort-Object) }
$passed = 0
$failed = 0
foreach ($round in $rounds) {
    $scripts = $shipped.Clone()
    $kinds = @()
    $label = ''
    if ($round) {
        $label = [IO.Path]::GetFileName($round) + ': '
        $planted = Get-File -Folder $round -Ending '.ps1'
        foreach ($name in $planted.Keys) {
            $scripts[$name] = $planted[$name]
            if ($name.Contains('.')) { $kinds += $name.Substring(0, $name.IndexOf('.')) + '/' }
        }
    }
    . ([scriptblock]::Create($scripts['ask']))
    . ([scriptblock]::Create($scripts['change']))
    # Nobody listens here, and each line is a case.
    function Write-SignOfLife { }
    foreach ($name in @($cases.Keys | Sort-Object)) {
        if (@($kinds | Where-Object -FilterScript { $name.StartsWith($_) }).Count -eq 0 -and $kinds.Count -gt 0) {
            continue
        }
        $faults = @(try { Test-Case -Scripts $scripts -Json $cases[$name] } catch { "it could not be run: $_" })
        if ($faults.Count -eq 0) {
            $passed++
            [Console]::Out.WriteLine("passed $label$name")
        } else {
            $failed++
            [Console]::Out.WriteLine("FAILED $label${name}: " + ($faults -join '; '))
            if ($round) { break }
        }
    }
}
[Console]::Out.WriteLine("$passed passed, $failed failed")
Exit-Guard
exit [int]($failed -gt 0)
