# Content of files, as the file system provider of 5.1 reads and writes it.

function Get-TextEncoding {
    # Without -Encoding 5.1 reads and writes ANSI, which damages names: only what says UTF8 or Byte is played.
    param([string]$Name, $Encoding)
    if ($Encoding -eq 'UTF8' -or $Encoding -eq 'Byte') {
        return [string]$Encoding
    }
    throw "windows.ps1 plays $Name only with -Encoding UTF8 or Byte."
}

function Get-FileBytes {
    param([string]$Path)
    $file = Get-Place -Place 'files', $Path
    if ($null -ne $file.PSObject.Properties['base64']) {
        return , [Convert]::FromBase64String($file.base64)
    }
    return , [Text.Encoding]::UTF8.GetBytes($file.text)
}

function Set-FileContent {
    # Text where it is text, else base64; what else is known of the file (its acl) stays.
    param([string]$Path, [string]$Name, $Value)
    $parent = $Path.Substring(0, $Path.LastIndexOf('\'))
    if ($parent -ne 'C:' -and -not (Test-PathBelow -Room 'files' -Path $parent)) {
        throw (New-Failure -Category ObjectNotFound -Message "Could not find a part of the path '$Path'." `
                -Id "GetContentWriterDirectoryNotFoundError,Microsoft.PowerShell.Commands.$Name")
    }
    $other = if ($Value -is [string]) { 'base64' } else { 'text' }
    if ($null -ne (Get-Place -Place 'files', $Path, $other)) {
        Remove-Place -Place 'files', $Path, $other
    }
    if ($Value -is [string]) {
        Set-Place -Place 'files', $Path, 'text' -Value $Value
    } else {
        Set-Place -Place 'files', $Path, 'base64' -Value ([Convert]::ToBase64String($Value))
    }
}

function Save-PlayedText {
    param([string]$Path, [string]$Value)
    Set-Content -LiteralPath $Path -Value $Value -Encoding UTF8
}

function Get-Content {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0)] $Path,
        $ReadCount,
        $TotalCount,
        $Tail,
        $Filter,
        $Include,
        $Exclude,
        [switch]$Force,
        $Credential,
        [switch]$UseTransaction,
        $Delimiter,
        [switch]$Wait,
        [switch]$Raw,
        $Encoding,
        $Stream,
        $LiteralPath
    )
    Assert-Played -Name Get-Content -Bound $PSBoundParameters -Played Path, LiteralPath, Encoding, ReadCount, Raw
    $given = Get-GivenPath -Name Get-Content -Bound $PSBoundParameters
    if (Test-RegistryPath -Path $given) {
        throw "windows.ps1 does not play Get-Content on $given."
    }
    Assert-File -Path $given -Command GetContentCommand
    if ($null -eq (Get-Place -Place 'files', $given, 'text') -and $null -eq (Get-Place -Place 'files', $given, 'base64')) {
        throw (New-Failure -Category PermissionDenied -Message "Access to the path '$given' is denied." `
                -Id 'GetContentReaderUnauthorizedAccessError,Microsoft.PowerShell.Commands.GetContentCommand')
    }
    $bytes = Get-FileBytes -Path $given
    # A file without a byte answers nothing at all, whatever was asked.
    if ($bytes.Length -eq 0) {
        return
    }
    if ((Get-TextEncoding -Name Get-Content -Encoding $Encoding) -eq 'Byte') {
        if ($Raw -or $ReadCount -eq 0) { return , $bytes } else { return $bytes }
    }
    Get-DecoratedText -Path $given -Text ([Text.Encoding]::UTF8.GetString($bytes).TrimStart([char]0xFEFF)) -Whole ([bool]$Raw)
}

function Get-DecoratedText {
    # 5.1 hangs notes on each line, and ConvertTo-Json then writes an object where text was meant.
    param([string]$Path, [string]$Text, [bool]$Whole)
    $lines = [Text.RegularExpressions.Regex]::Split($Text, '\r\n|\n|\r')
    if ($Whole) {
        $lines = @(, $Text)
    } elseif ($lines[-1] -eq '') {
        $lines = @($lines | Select-Object -SkipLast 1)
    }
    $count = 0
    foreach ($line in $lines) {
        $count++
        $noted = [psobject]$line
        Add-Field -Node $noted -Name 'PSPath' -Value ('Microsoft.PowerShell.Core\FileSystem::' + $Path)
        Add-Field -Node $noted -Name 'ReadCount' -Value ([long]$count)
        $noted
    }
}

function Set-Content {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0)] $Path,
        [Parameter(Position = 1, Mandatory = $true)] $Value,
        [switch]$PassThru,
        $Filter,
        $Include,
        $Exclude,
        [switch]$Force,
        $Credential,
        [switch]$UseTransaction,
        [switch]$NoNewline,
        $Encoding,
        $Stream,
        $LiteralPath
    )
    Assert-Played -Name Set-Content -Bound $PSBoundParameters -Played Path, LiteralPath, Value, Encoding, Force
    $given = Get-GivenPath -Name Set-Content -Bound $PSBoundParameters
    if ((Get-TextEncoding -Name Set-Content -Encoding $Encoding) -eq 'Byte') {
        Set-FileContent -Path $given -Name SetContentCommand -Value ([byte[]]@($Value))
    } else {
        Set-FileContent -Path $given -Name SetContentCommand -Value ((@($Value) -join "`r`n") + "`r`n")
    }
}

function Add-Content {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0)] $Path,
        [Parameter(Position = 1, Mandatory = $true)] $Value,
        [switch]$PassThru,
        $Filter,
        $Include,
        $Exclude,
        [switch]$Force,
        $Credential,
        [switch]$UseTransaction,
        [switch]$NoNewline,
        $Encoding,
        $Stream,
        $LiteralPath
    )
    Assert-Played -Name Add-Content -Bound $PSBoundParameters -Played Path, LiteralPath, Value, Encoding
    $given = Get-GivenPath -Name Add-Content -Bound $PSBoundParameters
    if ((Get-TextEncoding -Name Add-Content -Encoding $Encoding) -ne 'UTF8') {
        throw 'windows.ps1 does not play Add-Content of bytes.'
    }
    $old = Get-Place -Place 'files', $given, 'text'
    Set-FileContent -Path $given -Name AddContentCommand -Value ([string]$old + (@($Value) -join "`r`n") + "`r`n")
}
