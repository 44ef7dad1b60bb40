# Files and folders of drive C, as the file system provider of 5.1 shows them.

function Assert-File {
    param([string]$Path, [string]$Command)
    if (-not (Test-PathBelow -Room 'files' -Path $Path)) {
        throw (New-Failure -Id "PathNotFound,Microsoft.PowerShell.Commands.$Command" -Category ObjectNotFound `
                -Message "Cannot find path '$Path' because it does not exist.")
    }
}

function Test-Path {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0)] $Path,
        $Filter,
        $Include,
        $Exclude,
        $PathType,
        [switch]$IsValid,
        $Credential,
        [switch]$UseTransaction,
        $OlderThan,
        $NewerThan,
        $LiteralPath
    )
    Assert-Played -Name Test-Path -Bound $PSBoundParameters -Played Path, LiteralPath
    $given = Get-GivenPath -Name Test-Path -Bound $PSBoundParameters
    if (Test-RegistryPath -Path $given) {
        return Test-PathBelow -Room 'registry' -Path (Get-KeyPath -Path $given)
    }
    return Test-PathBelow -Room 'files' -Path $given.TrimEnd('\')
}

function New-Item {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0)] $Path,
        $ItemType,
        $Value,
        [switch]$Force,
        $Credential,
        [switch]$UseTransaction,
        $Name
    )
    Assert-Played -Name New-Item -Bound $PSBoundParameters -Played Path, ItemType, Force
    if (Test-RegistryPath -Path $Path) {
        New-RegistryKey -Path $Path -Force ([bool]$Force)
    } elseif ($ItemType -eq 'Directory' -and -not (Test-PathBelow -Room 'files' -Path $Path)) {
        $folder = New-Object -TypeName PSCustomObject
        Add-Field -Node $folder -Name 'folder' -Value $true
        Set-Place -Place 'files', $Path -Value $folder
    } elseif ($ItemType -ne 'Directory' -or -not $Force) {
        throw "windows.ps1 does not play New-Item $Path of type $ItemType."
    }
    [pscustomobject]@{ PSPath = $Path }
}

function Remove-Item {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0)] $Path,
        $Filter,
        $Include,
        $Exclude,
        [switch]$Recurse,
        [switch]$Force,
        $Credential,
        [switch]$UseTransaction,
        $Stream,
        $LiteralPath
    )
    Assert-Played -Name Remove-Item -Bound $PSBoundParameters -Played Path, LiteralPath, Force, Recurse
    $given = Get-GivenPath -Name Remove-Item -Bound $PSBoundParameters
    if (Test-RegistryPath -Path $given) {
        throw "windows.ps1 does not play Remove-Item on $given."
    }
    Assert-File -Path $given -Command RemoveItemCommand
    if ($Recurse) {
        foreach ($name in @(Get-PlaceName -Place 'files')) {
            if ($name.StartsWith($given + '\', [StringComparison]::OrdinalIgnoreCase)) {
                Remove-Place -Place 'files', $name
            }
        }
    } elseif ($null -ne (Get-Place -Place 'files', $given, 'folder')) {
        throw "windows.ps1 does not play Remove-Item on the folder $given."
    }
    Remove-Place -Place 'files', $given
}

function Move-Item {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0)] $Path,
        [Parameter(Position = 1)] $Destination,
        [switch]$Force,
        $Filter,
        $Include,
        $Exclude,
        [switch]$PassThru,
        $Credential,
        [switch]$UseTransaction,
        $LiteralPath
    )
    Assert-Played -Name Move-Item -Bound $PSBoundParameters -Played Path, LiteralPath, Destination, Force
    $given = Get-GivenPath -Name Move-Item -Bound $PSBoundParameters
    Assert-File -Path $given -Command MoveItemCommand
    if (-not $Force -and (Test-PathBelow -Room 'files' -Path $Destination)) {
        throw (New-Failure -Id 'MoveFileInfoItemIOError,Microsoft.PowerShell.Commands.MoveItemCommand' `
                -Category WriteError -Message 'Cannot create a file when that file already exists.')
    }
    $file = Get-Place -Place 'files', $given
    Set-Place -Place 'files', $Destination -Value $file
    Remove-Place -Place 'files', $given
}

function icacls.exe {
    $path = [string]$args[0]
    $wanted = @('/inheritance:r', '/grant:r', '*S-1-5-32-544:(OI)(CI)F', '*S-1-5-18:(OI)(CI)F')
    $switches = @($args | Select-Object -Skip 1)
    if (($switches -join ' ') -ne ($wanted -join ' ')) {
        throw "windows.ps1 does not play icacls.exe $args."
    }
    if (-not (Test-PathBelow -Room 'files' -Path $path)) {
        "${path}: The system cannot find the file specified."
        'Successfully processed 0 files; Failed processing 1 files'
        $global:LASTEXITCODE = 2
        return
    }
    if ((Get-Place -Place 'files', $path, 'acl') -ne 'administrators') {
        Set-Place -Place 'files', $path, 'acl' -Value 'administrators'
    }
    "processed file: $path"
    'Successfully processed 1 files; Failed processing 0 files'
    $global:LASTEXITCODE = 0
}
