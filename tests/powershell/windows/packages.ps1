# Installers: files whose hash and signature are told, and msiexec.exe, which a scheduled task starts. A package is a
# file with `sha256`, `signature` (status, signer) and `msi`: what it installs, and how and after how long it ends.

function Copy-Item {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0)] $Path,
        [Parameter(Position = 1)] $Destination,
        [switch]$Container,
        [switch]$Force,
        $Filter,
        $Include,
        $Exclude,
        [switch]$Recurse,
        [switch]$PassThru,
        $Credential,
        [switch]$UseTransaction,
        $FromSession,
        $ToSession,
        $LiteralPath
    )
    Assert-Played -Name Copy-Item -Bound $PSBoundParameters -Played Path, LiteralPath, Destination, Force
    $given = Get-GivenPath -Name Copy-Item -Bound $PSBoundParameters
    Assert-File -Path $given -Command CopyItemCommand
    Set-Place -Place 'files', $Destination -Value (Get-Place -Place 'files', $given)
}

function Get-FileHash {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0)] $Path,
        $Algorithm,
        $InputStream,
        $LiteralPath
    )
    Assert-Played -Name Get-FileHash -Bound $PSBoundParameters -Played Path, LiteralPath, Algorithm
    if ($PSBoundParameters.ContainsKey('Algorithm') -and $Algorithm -ne 'SHA256') {
        throw "windows.ps1 does not play Get-FileHash -Algorithm $Algorithm."
    }
    $given = Get-GivenPath -Name Get-FileHash -Bound $PSBoundParameters
    Assert-File -Path $given -Command GetFileHash
    [pscustomobject]@{ Algorithm = 'SHA256'; Hash = (Get-Place -Place 'files', $given, 'sha256').ToUpperInvariant(); Path = $given }
}

function Get-AuthenticodeSignature {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0)] $FilePath,
        $SourcePathOrExtension,
        $Content,
        $LiteralPath
    )
    Assert-Played -Name Get-AuthenticodeSignature -Bound $PSBoundParameters -Played LiteralPath
    Assert-File -Path $LiteralPath -Command GetAuthenticodeSignatureCommand
    $signature = Get-Place -Place 'files', $LiteralPath, 'signature'
    # What is not signed has no certificate at all.
    $signer = if ($signature.signer) { [pscustomobject]@{ Subject = [string]$signature.signer } }
    [pscustomobject]@{ Status = [string]$signature.status; SignerCertificate = $signer; Path = $LiteralPath }
}

$global:Installing = $null

function Start-Installer {
    # What the task starts; it ends when its time is over.
    param([string]$Task)
    $line = [string](Get-Place -Place 'tasks', $Task, 'action', 'arguments')
    if ($line -notmatch '^/i "(?<package>[^"]+)" /qn /norestart /l\*v "(?<log>[^"]+)" (?<properties>([A-Z]+=[01] ?)+)$') {
        throw "windows.ps1 does not play msiexec.exe $line."
    }
    $msi = Get-Place -Place 'files', $Matches['package'], 'msi'
    $global:Installing = @{
        Task = $Task; Msi = $msi; Log = $Matches['log']; Properties = $Matches['properties']
        EndsMs = $global:SleptMs + 1000 * [long]$msi.seconds
    }
}

function Update-Installer {
    $now = $global:Installing
    if ($null -eq $now -or $global:SleptMs -lt $now.EndsMs) {
        return
    }
    $global:Installing = $null
    Set-FileContent -Path $now.Log -Name SetContentCommand -Value "=== $($now.Properties)`r`n"
    if (@(0, 3010, 1641) -contains $now.Msi.exit_code) {
        Install-Package -Msi $now.Msi -Properties $now.Properties
    }
    Set-Place -Place 'tasks', $now.Task, 'last_result' -Value ([long]$now.Msi.exit_code)
    Set-Place -Place 'tasks', $now.Task, 'state' -Value 'Ready'
}

function Install-Package {
    # The product in place of those that it replaces.
    param($Msi, [string]$Properties)
    $roots = foreach ($middle in '', 'WOW6432Node\') { "HKLM\SOFTWARE\${middle}Microsoft\Windows\CurrentVersion\Uninstall\" }
    $gone = @($Msi.product) + @($Msi.replaces)
    foreach ($key in @(Get-PlaceName -Place 'registry')) {
        $root = $key.Substring(0, $key.LastIndexOf('\') + 1)
        if ($roots -contains $root -and $gone -contains (Get-Place -Place 'registry', $key, 'DisplayName', 'data')) {
            Remove-Place -Place 'registry', $key
        }
    }
    $values = [ordered]@{ DisplayName = $Msi.product; DisplayVersion = $Msi.version; Publisher = 'Axis Communications AB' }
    Set-Place -Place 'registry', ($roots[0] + $Msi.code) -Value (New-Object -TypeName PSCustomObject)
    foreach ($name in $values.Keys) {
        $row = [pscustomobject]@{ type = 'String'; data = $values[$name] }
        Set-Place -Place 'registry', ($roots[0] + $Msi.code), $name -Value $row
    }
    Set-Place -Place 'installed', $Msi.code -Value ([pscustomobject]@{ properties = $Properties })
}

function Get-ScheduledTaskInfo {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0)] $TaskName,
        [Parameter(Position = 1)] $TaskPath,
        [Parameter(Position = 2, ValueFromPipeline = $true)] $InputObject,
        $CimSession,
        $ThrottleLimit,
        [switch]$AsJob
    )
    Assert-Played -Name Get-ScheduledTaskInfo -Bound $PSBoundParameters -Played TaskName, TaskPath
    $place = Get-TaskPlace -Path $TaskPath -Name $TaskName
    Assert-Task -Place $place -Command 'Get-ScheduledTaskInfo'
    Update-Installer
    $result = Get-Place -Place 'tasks', $place, 'last_result'
    if ((Get-Place -Place 'tasks', $place, 'state') -eq 'Running') { $result = 267009 }
    if ($null -eq $result) { $result = 267011 }
    [pscustomobject]@{ TaskName = $TaskName; TaskPath = $TaskPath; LastTaskResult = [uint32]$result }
}
