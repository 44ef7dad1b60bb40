# Profiles of accounts, by SID, and what stands in for the functions of the shipped runners that reach accounts.

function Get-UserProfileRow {
    foreach ($sid in @(Get-PlaceName -Place 'profiles')) {
        [pscustomobject]@{
            SID       = $sid
            LocalPath = Get-Place -Place 'profiles', $sid, 'path'
            Loaded    = [bool](Get-Place -Place 'profiles', $sid, 'loaded')
            CimClass  = [pscustomobject]@{ CimClassName = 'Win32_UserProfile' }
        }
    }
}

function Remove-CimInstance {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0, ValueFromPipeline = $true)] $InputObject,
        $ResourceUri,
        $ComputerName,
        $CimSession,
        $OperationTimeoutSec,
        $Query,
        [Parameter(Position = 1)] $Namespace,
        $QueryDialect
    )
    Assert-Played -Name Remove-CimInstance -Bound $PSBoundParameters -Played InputObject
    if ($InputObject.CimClass.CimClassName -ne 'Win32_UserProfile') {
        throw 'windows.ps1 removes only profiles.'
    }
    if ($InputObject.Loaded) {
        throw (New-Failure -Id 'HRESULT 0x80070020,Microsoft.Management.Infrastructure.CimCmdlets.RemoveCimInstanceCommand' `
                -Category NotSpecified -Message 'The process cannot access the file because it is being used by another process. ')
    }
    Remove-Place -Place 'profiles', $InputObject.SID
}

function Test-PasswordExpired {
    # What must be changed, and what is too old; a password that never expires is neither.
    param([string]$Sid)
    if (((Get-AccountFlag -Sid $Sid) -band 0x10000) -ne 0) {
        return $false
    }
    $set = Get-Place -Place 'accounts', $Sid, 'password_last_set'
    $oldest = Get-Place -Place 'password_policy', 'maximum_age_ms'
    $null -eq $set -or ($null -ne $oldest -and (Get-MachineUtc) - $set -gt $oldest)
}

function Get-PlayedUserFlag {
    param([string]$Name)
    $sid = Get-AccountSid -Name $Name
    if ($null -eq $sid) {
        throw 'The user name could not be found.'
    }
    $flags = Get-AccountFlag -Sid $sid
    if (-not (Get-Place -Place 'accounts', $sid, 'enabled')) { $flags = $flags -bor 2 }
    [ordered]@{ flags = $flags; password_expired = [int](Test-PasswordExpired -Sid $sid) }
}

function Set-PlayedMustChange {
    # That it need not be changed any more counts as setting it.
    param([string]$Name, [bool]$Wanted)
    $sid = Get-AccountSid -Name $Name
    if ($null -eq $sid) {
        throw 'The user name could not be found.'
    }
    $moment = if ($Wanted) { $null } else { Get-MachineUtc }
    Set-Place -Place 'accounts', $sid, 'password_last_set' -Value $moment
}

function New-PlayedSalt {
    # The lab draws the same one, so that digests can be compared.
    $sha = [Security.Cryptography.SHA256]::Create()
    $drawn = $sha.ComputeHash([Text.Encoding]::ASCII.GetBytes([string](Get-MachineUtc)))
    [BitConverter]::ToString($drawn).Replace('-', '').ToLowerInvariant().Substring(0, 32)
}
