# Accounts of the machine and their profiles, as the account commands of 5.1 show and change them. A place below
# `accounts` is named by SID; `password_last_set` (UTC, ms) is null while the next logon asks for a new password, and
# a new password is put there as {"plain": ...}: the lab keeps of it what Windows would keep.

function New-AccountFailure {
    param([string]$Id, [string]$Command, [string]$Message)
    New-Failure -Id "$Id,Microsoft.PowerShell.Commands.$Command" -Category NotSpecified -Message $Message
}

function Get-AccountFlag {
    # UserFlags without the bit for a disabled account.
    param([string]$Sid)
    $flags = Get-Place -Place 'accounts', $Sid, 'flags'
    if ($null -eq $flags) { 0x200 } else { [int]$flags }
}

function Get-AccountSid {
    param([string]$Name)
    foreach ($sid in @(Get-PlaceName -Place 'accounts')) {
        if (Test-SameName -Left (Get-RowName -Room 'accounts' -Sid $sid) -Right $Name) {
            $sid
        }
    }
}

function Get-PasswordMoment {
    param([string]$Sid)
    $set = Get-Place -Place 'accounts', $Sid, 'password_last_set'
    if ($null -eq $set) {
        return $null
    }
    New-MachineTime -UtcMs $set
}

function ConvertTo-SecureString {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0, ValueFromPipeline = $true)] $String,
        [Parameter(Position = 1)] $SecureKey,
        [switch]$AsPlainText,
        [switch]$Force,
        $Key
    )
    Assert-Played -Name ConvertTo-SecureString -Bound $PSBoundParameters -Played String, AsPlainText, Force
    if (-not $AsPlainText -or -not $Force) {
        throw 'windows.ps1 plays ConvertTo-SecureString only with -AsPlainText and -Force.'
    }
    if ([string]::IsNullOrEmpty($String)) {
        throw (New-Failure -Category InvalidData -Message "Cannot bind argument to parameter 'String' because it is an empty string." `
                -Id 'ParameterArgumentValidationErrorEmptyStringNotAllowed,Microsoft.PowerShell.Commands.ConvertToSecureStringCommand')
    }
    [pscustomobject]@{ PlayedPassword = [string]$String }
}

function Set-AccountPassword {
    param([string]$Sid, $Password)
    $plain = New-Object -TypeName PSCustomObject
    Add-Field -Node $plain -Name 'plain' -Value $Password.PlayedPassword
    Set-Place -Place 'accounts', $Sid, 'password' -Value $plain
    Set-Place -Place 'accounts', $Sid, 'password_last_set' -Value (Get-MachineUtc)
}

function Assert-Password {
    # Fails for what is no secure string, and for one that the machine's policy does not allow.
    param($Password, [string]$Command)
    $least = [int](Get-Place -Place 'password_policy', 'minimum_length')
    if ($Password.PlayedPassword.Length -lt $least) {
        throw (New-AccountFailure -Id 'InvalidPassword' -Command $Command -Message (
                'Unable to update the password. The value provided for the new password does not meet the length, ' +
                'complexity, or history requirements of the domain.'))
    }
}

function New-LocalUser {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0, Mandatory = $true, ValueFromPipeline = $true)] $Name,
        $AccountExpires,
        [switch]$AccountNeverExpires,
        $Description,
        [switch]$Disabled,
        $FullName,
        [switch]$NoPassword,
        $Password,
        [switch]$PasswordNeverExpires,
        [switch]$UserMayNotChangePassword
    )
    Assert-Played -Name New-LocalUser -Bound $PSBoundParameters -Played Name, Password
    if (@(Get-AccountSid -Name $Name).Count -gt 0) {
        throw (New-AccountFailure -Id 'UserExists' -Command NewLocalUserCommand -Message "User $Name already exists.")
    }
    foreach ($group in @(Get-PlaceName -Place 'groups')) {
        if (Test-SameName -Left (Get-RowName -Room 'groups' -Sid $group) -Right $Name) {
            throw (New-AccountFailure -Id 'GroupExists' -Command NewLocalUserCommand -Message "Group $Name already exists.")
        }
    }
    Assert-Password -Password $Password -Command NewLocalUserCommand
    $sid = Get-NewSid
    $row = New-Object -TypeName PSCustomObject
    Add-Field -Node $row -Name 'name' -Value ([string]$Name)
    Add-Field -Node $row -Name 'enabled' -Value $true
    Add-Field -Node $row -Name 'full_name' -Value ''
    Add-Field -Node $row -Name 'description' -Value ''
    Add-Field -Node $row -Name 'flags' -Value 0x200
    Set-Place -Place 'accounts', $sid -Value $row
    Set-AccountPassword -Sid $sid -Password $Password
    Get-LocalUser -SID $sid
}

function Set-AccountFlag {
    param([string]$Sid, [int]$Bit, $On)
    if ($On -isnot [bool]) {
        throw 'windows.ps1 plays the flags of Set-LocalUser only with true and false.'
    }
    $flags = Get-AccountFlag -Sid $Sid
    $wanted = if ($On) { $flags -bor $Bit } else { $flags -band -bnot $Bit }
    Set-Place -Place 'accounts', $Sid, 'flags' -Value $wanted
}

function Set-LocalUser {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0)] $Name,
        $AccountExpires,
        [switch]$AccountNeverExpires,
        $Description,
        $FullName,
        $Password,
        $PasswordNeverExpires,
        $UserMayChangePassword,
        [Parameter(Position = 1, ValueFromPipeline = $true)] $InputObject,
        [Parameter(Position = 2)] $SID
    )
    $played = 'SID', 'Description', 'FullName', 'Password', 'PasswordNeverExpires', 'UserMayChangePassword'
    Assert-Played -Name Set-LocalUser -Bound $PSBoundParameters -Played $played
    $null = Select-Row -Room 'accounts' -Command 'Set-LocalUser' -What 'User' -Bound $PSBoundParameters
    if ($PSBoundParameters.ContainsKey('Password')) {
        if (Test-PasswordExpired -Sid $SID) {
            throw 'windows.ps1 does not play Set-LocalUser -Password while PasswordExpired is set.'
        }
        Assert-Password -Password $Password -Command SetLocalUserCommand
        Set-AccountPassword -Sid $SID -Password $Password
    }
    if ($PSBoundParameters.ContainsKey('FullName')) {
        Set-Place -Place 'accounts', $SID, 'full_name' -Value ([string]$FullName)
    }
    if ($PSBoundParameters.ContainsKey('Description')) {
        Set-Place -Place 'accounts', $SID, 'description' -Value ([string]$Description)
    }
    if ($PSBoundParameters.ContainsKey('PasswordNeverExpires')) {
        Set-AccountFlag -Sid $SID -Bit 0x10000 -On $PasswordNeverExpires
    }
    if ($PSBoundParameters.ContainsKey('UserMayChangePassword')) {
        Set-AccountFlag -Sid $SID -Bit 0x40 -On (-not $UserMayChangePassword)
    }
}

function Enable-LocalUser {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0, ValueFromPipeline = $true)] $InputObject,
        [Parameter(Position = 1)] $Name,
        [Parameter(Position = 2)] $SID
    )
    Assert-Played -Name Enable-LocalUser -Bound $PSBoundParameters -Played SID
    $null = Select-Row -Room 'accounts' -Command 'Enable-LocalUser' -What 'User' -Bound $PSBoundParameters
    Set-Place -Place 'accounts', $SID, 'enabled' -Value $true
}

function Disable-LocalUser {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0, ValueFromPipeline = $true)] $InputObject,
        [Parameter(Position = 1)] $Name,
        [Parameter(Position = 2)] $SID
    )
    Assert-Played -Name Disable-LocalUser -Bound $PSBoundParameters -Played SID
    $null = Select-Row -Room 'accounts' -Command 'Disable-LocalUser' -What 'User' -Bound $PSBoundParameters
    Set-Place -Place 'accounts', $SID, 'enabled' -Value $false
}

function Remove-LocalUser {
    # Out of all groups too. The profile stays.
    [CmdletBinding()]
    param(
        [Parameter(Position = 0, ValueFromPipeline = $true)] $InputObject,
        [Parameter(Position = 1)] $Name,
        [Parameter(Position = 2)] $SID
    )
    Assert-Played -Name Remove-LocalUser -Bound $PSBoundParameters -Played SID
    $null = Select-Row -Room 'accounts' -Command 'Remove-LocalUser' -What 'User' -Bound $PSBoundParameters
    foreach ($group in @(Get-PlaceName -Place 'groups')) {
        $inside = Get-Place -Place 'groups', $group, 'members'
        if ($inside -contains $SID) {
            Set-Place -Place 'groups', $group, 'members' -Value @($inside | Where-Object -FilterScript { $_ -ne $SID })
        }
    }
    Remove-Place -Place 'accounts', $SID
}
