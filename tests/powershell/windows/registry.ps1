# HKLM and the users' hives as the registry provider shows it: typed values, its errors, and New-Item -Force that empties a key.

function Get-KeyPath {
    param([string]$Path)
    $Path.Replace('HKLM:', 'HKLM').Replace('Registry::HKEY_USERS', 'HKU').TrimEnd('\')
}

function Get-FullKey {
    # As the provider names a key in what it says.
    param([string]$Key)
    if ($Key -like 'HKU\*') { 'HKEY_USERS' + $Key.Substring(3) } else { 'HKEY_LOCAL_MACHINE' + $Key.Substring(4) }
}

function ConvertTo-RegistryObject {
    # DWord is Int32, above 2^31 the provider makes it UInt32; QWord is Int64 likewise.
    param([string]$Type, $Content)
    switch ($Type) {
        'String' { [string]$Content }
        'ExpandString' { [string]$Content }
        'MultiString' { , [string[]]@($Content) }
        'DWord' {
            # The machine's JSON may hold a DWord signed or not; the provider shows it unsigned.
            $number = [long]$Content
            if ($number -lt 0) { $number += 4294967296 }
            if ($number -gt [int]::MaxValue) { [uint32]$number } else { [int]$number }
        }
        'QWord' { [long]$Content }
        'Binary' { , [Convert]::FromBase64String([string]$Content) }
        default { throw "windows.ps1 does not play registry type $Type." }
    }
}

function ConvertFrom-RegistryObject {
    param([string]$Type, $Value)
    switch ($Type) {
        'String' { [string]$Value }
        'ExpandString' { [string]$Value }
        'MultiString' { , [string[]]@($Value) }
        'DWord' { if ([long]$Value -lt 0) { [long]$Value + 4294967296 } else { [long][uint32]$Value } }
        'QWord' { [long]$Value }
        'Binary' { [Convert]::ToBase64String([byte[]]$Value) }
        default { throw "windows.ps1 does not play registry type $Type." }
    }
}

function Assert-Key {
    param([string]$Path, [string]$Command)
    if (-not (Test-PathBelow -Room 'registry' -Path (Get-KeyPath -Path $Path))) {
        throw (New-Failure -Id "PathNotFound,Microsoft.PowerShell.Commands.$Command" -Category ObjectNotFound `
                -Message "Cannot find path '$Path' because it does not exist.")
    }
}

function Assert-RegistryValue {
    param([string]$Path, [string]$Name, [string]$Command)
    $key = Get-KeyPath -Path $Path
    if ($null -eq (Get-Place -Place 'registry', $key, $Name)) {
        throw (New-Failure -Id "System.Management.Automation.PSArgumentException,Microsoft.PowerShell.Commands.$Command" `
                -Category InvalidArgument `
                -Message "Property $Name does not exist at path $(Get-FullKey -Key $key).")
    }
}

function Get-ItemProperty {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0)] $Path,
        [Parameter(Position = 1)] $Name,
        $Filter,
        $Include,
        $Exclude,
        $Credential,
        [switch]$UseTransaction,
        $LiteralPath
    )
    Assert-Played -Name Get-ItemProperty -Bound $PSBoundParameters -Played Path, LiteralPath, Name
    if ($Path -like 'HKLM:\*\[*]' -and $Name -and $PSBoundParameters['ErrorAction'] -eq 'SilentlyContinue') {
        return Get-ValueBelow -Path $Path.Substring(0, $Path.Length - 2) -Name $Name
    }
    $given = Get-GivenPath -Name Get-ItemProperty -Bound $PSBoundParameters
    if (-not (Test-RegistryPath -Path $given)) {
        throw "windows.ps1 does not play Get-ItemProperty on $given."
    }
    Assert-Key -Path $given -Command GetItemPropertyCommand
    if ($PSBoundParameters.ContainsKey('Name')) {
        Assert-RegistryValue -Path $given -Name $Name -Command GetItemPropertyCommand
    }
    Get-KeyContent -Path $given
}

function Get-ValueBelow {
    # One value of each key right below; a key without it is an error that was not to be shown.
    param([string]$Path, [string]$Name)
    $above = (Get-KeyPath -Path $Path) + '\'
    foreach ($key in @(Get-PlaceName -Place 'registry')) {
        $inside = $key.StartsWith($above, [StringComparison]::OrdinalIgnoreCase)
        if (-not $inside -or $key.Substring($above.Length).Contains('\') -or $null -eq (Get-Place -Place 'registry', $key, $Name)) {
            continue
        }
        $row = Get-Place -Place 'registry', $key, $Name
        $found = New-Object -TypeName PSCustomObject
        Add-Field -Node $found -Name $Name -Value (ConvertTo-RegistryObject -Type $row.type -Content $row.data)
        Add-Field -Node $found -Name 'PSChildName' -Value $key.Substring($above.Length)
        $found
    }
}

function Get-KeyContent {
    param([string]$Path)
    $key = Get-KeyPath -Path $Path
    $found = New-Object -TypeName PSCustomObject
    foreach ($value in @(Get-PlaceName -Place 'registry', $key)) {
        $row = Get-Place -Place 'registry', $key, $value
        $plain = ConvertTo-RegistryObject -Type $row.type -Content $row.data
        Add-Field -Node $found -Name $value -Value $plain
    }
    # 5.1 answers nothing at all for a key without values.
    if (@($found.PSObject.Properties).Count -gt 0) {
        Add-Field -Node $found -Name 'PSPath' -Value ('Microsoft.PowerShell.Core\Registry::' + (Get-FullKey -Key $key))
        $found
    }
}

function New-RegistryKey {
    param([string]$Path, [bool]$Force)
    $key = Get-KeyPath -Path $Path
    $parent = $key.Substring(0, $key.LastIndexOf('\'))
    if (Test-PathBelow -Room 'registry' -Path $key) {
        if (-not $Force) {
            throw (New-Failure -Id 'System.IO.IOException,Microsoft.PowerShell.Commands.NewItemCommand' `
                    -Category ResourceExists -Message 'A key in this path already exists.')
        }
        # What -Force does to a key that is there: it and all below are made anew, empty.
        foreach ($old in @(Get-PlaceName -Place 'registry')) {
            if ($old.StartsWith($key + '\', [StringComparison]::OrdinalIgnoreCase)) {
                Remove-Place -Place 'registry', $old
            }
        }
    } elseif (-not $Force -and -not (Test-PathBelow -Room 'registry' -Path $parent)) {
        throw (New-Failure -Id 'System.ArgumentException,Microsoft.PowerShell.Commands.NewItemCommand' `
                -Category InvalidArgument -Message 'The registry key at the specified path does not exist.')
    }
    Set-Place -Place 'registry', $key -Value (New-Object -TypeName PSCustomObject)
}

function New-ItemProperty {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0)] $Path,
        [Parameter(Position = 1, Mandatory = $true)] $Name,
        $PropertyType,
        $Value,
        [switch]$Force,
        $Filter,
        $Include,
        $Exclude,
        $Credential,
        [switch]$UseTransaction,
        $LiteralPath
    )
    Assert-Played -Name New-ItemProperty -Bound $PSBoundParameters -Played Path, LiteralPath, Name, PropertyType, Value, Force
    $given = Get-GivenPath -Name New-ItemProperty -Bound $PSBoundParameters
    if (-not (Test-RegistryPath -Path $given)) {
        throw "windows.ps1 does not play New-ItemProperty on $given."
    }
    Assert-Key -Path $given -Command NewItemPropertyCommand
    $key = Get-KeyPath -Path $given
    if (-not $Force -and $null -ne (Get-Place -Place 'registry', $key, $Name)) {
        throw (New-Failure -Id 'System.IO.IOException,Microsoft.PowerShell.Commands.NewItemPropertyCommand' `
                -Category ResourceExists -Message 'The property already exists.')
    }
    $plain = ConvertFrom-RegistryObject -Type $PropertyType -Value $Value
    $row = New-Object -TypeName PSCustomObject
    Add-Field -Node $row -Name 'type' -Value ([string]$PropertyType)
    Add-Field -Node $row -Name 'data' -Value $plain
    Set-Place -Place 'registry', $key, $Name -Value $row
    Get-KeyContent -Path $given
}

function Remove-ItemProperty {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0)] $Path,
        [Parameter(Position = 1, Mandatory = $true)] $Name,
        [switch]$Force,
        $Filter,
        $Include,
        $Exclude,
        $Credential,
        [switch]$UseTransaction,
        $LiteralPath
    )
    Assert-Played -Name Remove-ItemProperty -Bound $PSBoundParameters -Played Path, LiteralPath, Name, Force
    $given = Get-GivenPath -Name Remove-ItemProperty -Bound $PSBoundParameters
    if (-not (Test-RegistryPath -Path $given)) {
        throw "windows.ps1 does not play Remove-ItemProperty on $given."
    }
    Assert-Key -Path $given -Command RemoveItemPropertyCommand
    Assert-RegistryValue -Path $given -Name $Name -Command RemoveItemPropertyCommand
    Remove-Place -Place 'registry', (Get-KeyPath -Path $given), $Name
}
