# Accounts and groups of the machine's own, by SID, and those of a domain that it may ask.
#
# `accounts` and `groups` hold rows by SID; `domain_accounts` holds DOMAIN\name by SID, and `domain_silent` says that
# the domain does not answer, `groups_denied` that nobody may ask for groups. Names of Windows' own groups are in the machine's language, as they are there.

function Test-SameName {
    param([string]$Left, [string]$Right)
    [string]::Equals($Left, $Right, [StringComparison]::OrdinalIgnoreCase)
}

function Get-RowName {
    param([string]$Room, [string]$Sid)
    Get-Place -Place $Room, $Sid, 'name'
}

function Get-GivenSid {
    # -SID takes a text or what a command handed out.
    param($Sid)
    if ($Sid -is [string]) { $Sid } else { $Sid.Value }
}

function Select-Row {
    # SIDs of the rows that a command asks for: all, one by SID, or one by name. A name may be no pattern here.
    param([string]$Room, [string]$Command, [string]$What, $Bound)
    if ($Bound.ContainsKey('SID')) {
        $sid = Get-GivenSid -Sid $Bound['SID']
        if ($null -eq (Get-Place -Place $Room, $sid)) {
            throw (New-NotFound -Command $Command -What $What -Given $sid)
        }
        return $sid
    }
    $sids = @(Get-PlaceName -Place $Room)
    if (-not $Bound.ContainsKey('Name')) {
        return $sids
    }
    $name = [string]$Bound['Name']
    if ($name -match '[\[\]*?]') {
        throw "windows.ps1 does not play the wildcards of $Command -Name $name."
    }
    $found = @($sids | Where-Object -FilterScript { Test-SameName -Left (Get-RowName -Room $Room -Sid $_) -Right $name })
    if ($found.Count -eq 0) {
        throw (New-NotFound -Command $Command -What $What -Given $name)
    }
    $found
}

function New-NotFound {
    # `What` is User or Group.
    param([string]$Command, [string]$What, [string]$Given)
    $type = $Command.Replace('-', '') + 'Command'
    New-Failure -Id "${What}NotFound,Microsoft.PowerShell.Commands.$type" -Category ObjectNotFound `
        -Message "$What $Given was not found."
}

function Get-LocalUser {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0)] $Name,
        $SID
    )
    Assert-Played -Name Get-LocalUser -Bound $PSBoundParameters -Played Name, SID
    foreach ($sid in (Select-Row -Room 'accounts' -Command 'Get-LocalUser' -What 'User' -Bound $PSBoundParameters)) {
        $row = Get-Place -Place 'accounts', $sid
        [pscustomobject]@{
            Name            = $row.name
            SID             = [pscustomobject]@{ Value = $sid }
            Enabled         = [bool]$row.enabled
            FullName        = [string](Get-Place -Place 'accounts', $sid, 'full_name')
            Description     = [string](Get-Place -Place 'accounts', $sid, 'description')
            PasswordLastSet = Get-PasswordMoment -Sid $sid
        }
    }
}

function Get-LocalGroup {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0)] $Name,
        $SID
    )
    Assert-Played -Name Get-LocalGroup -Bound $PSBoundParameters -Played Name, SID
    if (Get-Place -Place 'groups_denied') {
        throw (New-Failure -Id 'AccessDenied,Microsoft.PowerShell.Commands.GetLocalGroupCommand' `
                -Category PermissionDenied -Message 'Access is denied.')
    }
    foreach ($sid in (Select-Row -Room 'groups' -Command 'Get-LocalGroup' -What 'Group' -Bound $PSBoundParameters)) {
        [pscustomobject]@{
            Name        = Get-RowName -Room 'groups' -Sid $sid
            SID         = [pscustomobject]@{ Value = $sid }
            Description = [string](Get-Place -Place 'groups', $sid, 'description')
        }
    }
}

function Get-PlayedGroupMemberSid {
    param([string]$Group)
    $null = Get-LocalGroup -SID $Group
    foreach ($sid in (Get-Place -Place 'groups', $Group, 'members')) {
        $sid
    }
}

function Find-PlayedAccountSid {
    param([string]$Name)
    $bare = if ($Name.StartsWith('.\')) { $Name.Substring(2) } else { $Name }
    $own = (Get-ComputerNamePlayed) + '\'
    if ($bare.StartsWith($own, [StringComparison]::OrdinalIgnoreCase)) {
        $bare = $bare.Substring($own.Length)
    }
    if (-not $bare.Contains('\') -and -not $bare.Contains('@')) {
        foreach ($sid in @(Get-PlaceName -Place 'accounts')) {
            if (Test-SameName -Left (Get-RowName -Room 'accounts' -Sid $sid) -Right $bare) { return $sid }
        }
        return $null
    }
    Find-DomainAccount -Name $Name
}

function Find-DomainAccount {
    # DOMAIN\x, or x@domain of the only domain that the machine may be a member of.
    param([string]$Name)
    $own = Get-Place -Place 'domain'
    $parts = $Name.Split([char[]]'\@')
    $answers = $Name.Contains('@') -and $null -ne $own -and (Test-SameName -Left $parts[1] -Right $own)
    $sids = @()
    foreach ($sid in @(Get-PlaceName -Place 'domain_accounts')) {
        $known = (Get-Place -Place 'domain_accounts', $sid).Split([char[]]'\')
        if ($Name.Contains('\') -and (Test-SameName -Left $parts[0] -Right $known[0])) { $answers = $true }
        $asked = if ($Name.Contains('@')) { $parts[0] } else { $parts[1] }
        if ($answers -and (Test-SameName -Left $asked -Right $known[1])) { $sids += $sid }
    }
    if (-not $answers -or (Get-Place -Place 'domain_silent')) {
        throw "The domain of $Name cannot be asked."
    }
    if ($sids.Count -eq 0) { return $null }
    $sids[0]
}

function Get-ComputerNamePlayed {
    Get-Place -Place 'registry', 'HKLM\SYSTEM\CurrentControlSet\Control\ComputerName\ActiveComputerName', 'ComputerName', 'data'
}

function Find-PlayedAccountName {
    param([string]$Sid)
    $name = Get-RowName -Room 'accounts' -Sid $Sid
    if ($null -ne $name) {
        return (Get-ComputerNamePlayed) + '\' + $name
    }
    if (Get-Place -Place 'domain_silent') { return $null }
    Get-Place -Place 'domain_accounts', $Sid
}

function Add-PlayedGroupMemberSid {
    param([string]$Group, [string]$Member)
    $members = @(Get-PlayedGroupMemberSid -Group $Group)
    if ($members -contains $Member) {
        return
    }
    if (Test-LocalSidGone -Sid $Member) {
        throw ("$Member cannot become a member of $Group`: A member could not be added to or removed from the local group " +
            'because the member does not exist.')
    }
    Set-Place -Place 'groups', $Group, 'members' -Value @($members + $Member)
}

function Remove-PlayedGroupMemberSid {
    param([string]$Group, [string]$Member)
    $members = @(Get-PlayedGroupMemberSid -Group $Group)
    if ($members -notcontains $Member) {
        return
    }
    if ($Group -eq 'S-1-5-32-544' -and $Member -like 'S-1-5-21-*-500' -and $null -ne (Get-Place -Place 'accounts', $Member)) {
        throw "$Member cannot be taken out of $Group`: Cannot perform this operation on built-in accounts."
    }
    Set-Place -Place 'groups', $Group, 'members' -Value @($members | Where-Object -FilterScript { $_ -ne $Member })
}

function Test-LocalSidGone {
    # Whether it belongs to this machine and nobody has it.
    param([string]$Sid)
    if ($null -ne (Get-Place -Place 'accounts', $Sid)) {
        return $false
    }
    $own = @(Get-PlaceName -Place 'accounts')[0]
    $null -ne $own -and $Sid.StartsWith($own.Substring(0, $own.LastIndexOf('-') + 1), [StringComparison]::Ordinal)
}

function Get-NewSid {
    # The next relative id. Windows gives none twice, and an account whose profile stayed still has its own.
    $own = @(foreach ($room in 'accounts', 'groups', 'profiles') { Get-PlaceName -Place $room } ) -like 'S-1-5-21-*'
    $highest = 1000
    foreach ($sid in $own) {
        $highest = [Math]::Max($highest, [int]$sid.Substring($sid.LastIndexOf('-') + 1))
    }
    $prefix = if ($own.Count -gt 0) { $own[0].Substring(0, $own[0].LastIndexOf('-')) } else { 'S-1-5-21-1-2-3' }
    "$prefix-$($highest + 1)"
}

function Assert-NameFree {
    # Accounts and groups share their names.
    param([string]$Name, [string]$Command)
    $type = $Command.Replace('-', '') + 'Command'
    foreach ($pair in @('groups', 'Group'), @('accounts', 'User')) {
        foreach ($sid in @(Get-PlaceName -Place $pair[0])) {
            if (Test-SameName -Left (Get-RowName -Room $pair[0] -Sid $sid) -Right $Name) {
                throw (New-Failure -Id "$($pair[1])Exists,Microsoft.PowerShell.Commands.$type" -Category ResourceExists `
                        -Message "$($pair[1]) $Name already exists.")
            }
        }
    }
}

function New-LocalGroup {
    [CmdletBinding(SupportsShouldProcess = $true)]
    param(
        [Parameter(Position = 0)] $Name,
        $Description
    )
    Assert-Played -Name New-LocalGroup -Bound $PSBoundParameters -Played Name, Description
    Assert-NameFree -Name $Name -Command 'New-LocalGroup'
    $sid = Get-NewSid
    $row = [ordered]@{ name = [string]$Name; members = @() }
    if ($PSBoundParameters.ContainsKey('Description')) { $row['description'] = [string]$Description }
    Set-Place -Place 'groups', $sid -Value ([pscustomobject]$row)
    Get-LocalGroup -SID $sid
}

function Set-LocalGroup {
    [CmdletBinding(SupportsShouldProcess = $true)]
    param(
        [Parameter(Position = 0)] $Name,
        $SID,
        $InputObject,
        $Description
    )
    Assert-Played -Name Set-LocalGroup -Bound $PSBoundParameters -Played SID, Description
    if (-not $Description) {
        throw 'Set-LocalGroup takes no empty description.'
    }
    $sid = Select-Row -Room 'groups' -Command 'Set-LocalGroup' -What 'Group' -Bound $PSBoundParameters
    Set-Place -Place 'groups', $sid, 'description' -Value ([string]$Description)
}

function Remove-LocalGroup {
    [CmdletBinding(SupportsShouldProcess = $true)]
    param(
        [Parameter(Position = 0)] $Name,
        $SID,
        $InputObject
    )
    Assert-Played -Name Remove-LocalGroup -Bound $PSBoundParameters -Played SID
    $sid = Select-Row -Room 'groups' -Command 'Remove-LocalGroup' -What 'Group' -Bound $PSBoundParameters
    if ($sid -like 'S-1-5-32-*') {
        throw (New-Failure -Id 'InvalidOperation,Microsoft.PowerShell.Commands.RemoveLocalGroupCommand' -Category InvalidOperation `
                -Message "Cannot perform this operation on built-in accounts: $sid")
    }
    Remove-Place -Place 'groups', $sid
}
