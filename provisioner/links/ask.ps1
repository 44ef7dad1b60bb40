# Runs read scripts and answers in one frame. Sent with every request; holds nothing that can write.

function Get-RegistryValue {
    param([string]$Key, [string]$Name)
    # A missing key or value is null. Everything else that goes wrong throws: unknown is not absent.
    if (-not (Test-Path -LiteralPath $Key)) {
        return $null
    }
    $found = Get-ItemProperty -LiteralPath $Key
    if ($null -eq $found -or $null -eq $found.PSObject.Properties[$Name]) {
        return $null
    }
    return , $found.$Name
}

function Get-TextLine {
    param([string]$Path)
    if (Test-Path -LiteralPath $Path) {
        # 5.1 hangs path, drive and provider on each line, and ConvertTo-Json would write them all.
        Get-Content -LiteralPath $Path -Encoding UTF8 | ForEach-Object -Process { $_.ToString() }
    }
}

function Test-SixtyFourBit {
    # No command of Windows tells it of its own process, and a 32-bit one sees another registry.
    [Environment]::Is64BitProcess
}

function Get-GroupEntry {
    param([string]$Group)
    # The names of Windows' own groups are translated, so a group is known by its SID. The dot is this machine;
    # without it a domain would be asked.
    $name = (Get-LocalGroup -SID $Group).Name
    [ADSI]"WinNT://./$name,group"
}

function Get-GroupMemberSid {
    param([string]$Group)
    # Get-LocalGroupMember fails for the whole group where a single member is no longer known to anybody.
    $entry = Get-GroupEntry -Group $Group
    foreach ($member in @($entry.psbase.Invoke('Members'))) {
        $path = [string]$member.GetType().InvokeMember('ADsPath', 'GetProperty', $null, $member, $null)
        if ($path -match '^WinNT://(S-1-[0-9-]+)$') {
            $Matches[1]
            continue
        }
        $bytes = $member.GetType().InvokeMember('objectSID', 'GetProperty', $null, $member, $null)
        (New-Object -TypeName System.Security.Principal.SecurityIdentifier -ArgumentList $bytes, 0).Value
    }
}

function Resolve-Account {
    param([string]$Name)
    # Null where nobody that could be asked knows it; said outright, since 5.1 writes no output as an empty object.
    try {
        $account = New-Object -TypeName System.Security.Principal.NTAccount -ArgumentList $Name
        $account.Translate([System.Security.Principal.SecurityIdentifier]).Value
    } catch {
        if ($_.Exception.GetBaseException() -isnot [System.Security.Principal.IdentityNotMappedException]) {
            throw
        }
        return $null
    }
}

function Find-AccountSid {
    param([string]$Name)
    # Null where there is no such account. A bare name is this machine's own: Windows would take it for a
    # domain's first.
    $bare = if ($Name.StartsWith('.\')) { $Name.Substring(2) } else { $Name }
    if ($bare -notmatch '[\\@]') {
        return Resolve-Account -Name ($env:COMPUTERNAME + '\' + $bare)
    }
    $found = Resolve-Account -Name $Name
    if ($null -ne $found -or $Name.StartsWith($env:COMPUTERNAME + '\', [StringComparison]::OrdinalIgnoreCase)) {
        return $found
    }
    # Windows says of a domain that does not answer what it says of an account that is not there. Every domain
    # has this one, in every language.
    $first, $second = $Name -split '[\\@]', 2
    $witness = if ($Name.Contains('\')) { "$first\krbtgt" } else { "krbtgt@$second" }
    if ($null -eq (Resolve-Account -Name $witness)) {
        throw "The domain of $Name cannot be asked."
    }
    return $null
}

function Find-AccountName {
    param([string]$Sid)
    # Null where nobody that could be asked knows it: an account that was deleted, or a domain that is away.
    try {
        $account = New-Object -TypeName System.Security.Principal.SecurityIdentifier -ArgumentList $Sid
        $account.Translate([System.Security.Principal.NTAccount]).Value
    } catch {
        if ($_.Exception.GetBaseException() -isnot [System.Security.Principal.IdentityNotMappedException]) {
            throw
        }
        return $null
    }
}

function Get-UserFlag {
    param([string]$Name)
    # No command tells whether the next logon asks for a new password. A bare name would be looked for in a domain.
    $user = [ADSI]"WinNT://./$Name,user"
    [ordered]@{ flags = [int]$user.UserFlags.Value; password_expired = [int]$user.PasswordExpired.Value }
}

function Write-Frame {
    param($Content)
    $json = ConvertTo-Json -InputObject $Content -Depth 20 -Compress
    $memory = New-Object -TypeName System.IO.MemoryStream
    $gzip = New-Object -TypeName System.IO.Compression.GZipStream -ArgumentList $memory, ([IO.Compression.CompressionMode]::Compress)
    $bytes = [Text.Encoding]::UTF8.GetBytes($json)
    $gzip.Write($bytes, 0, $bytes.Length)
    $gzip.Close()
    $packed = $memory.ToArray()
    $sha = [Security.Cryptography.SHA256]::Create()
    $digest = [BitConverter]::ToString($sha.ComputeHash($packed)).Replace('-', '').ToLowerInvariant()
    # One ASCII line: what else a profile or a program prints is noise, and a torn line fails its digest.
    [Console]::Out.WriteLine('@provisioner ' + $digest + ' ' + [Convert]::ToBase64String($packed))
    [Console]::Out.Flush()
}

function Get-ErrorFact {
    param($ErrorRecord)
    # What no statement of a script threw has no place in one.
    $place = $ErrorRecord.InvocationInfo
    [ordered]@{
        id      = [string]$ErrorRecord.FullyQualifiedErrorId
        message = [string]$ErrorRecord.Exception.Message
        line    = $(if ($null -ne $place) { [int]$place.ScriptLineNumber } else { 0 })
    }
}

function Invoke-Ask {
    param($Request, $Ask)
    $script = [scriptblock]::Create($Request.scripts.($Ask.script + '.read'))
    & $script -Arguments $Ask.arguments
}

function Get-Answer {
    param($Request)
    foreach ($ask in $Request.asks) {
        try {
            [ordered]@{ ok = $true; value = (Invoke-Ask -Request $Request -Ask $ask) }
        } catch {
            [ordered]@{ ok = $false; error = (Get-ErrorFact -ErrorRecord $_) }
        }
    }
}

function Write-Answer {
    param($Request)
    $answers = @(Get-Answer -Request $Request)
    # Taken last: the controller compares it with the moment at which the frame arrives.
    Write-Frame -Content ([ordered]@{ type = 'end'; replies = $answers; utc_filetime = (Get-Date).ToFileTimeUtc() })
}

function Invoke-Request {
    param($Request)
    Write-Answer -Request $Request
}
