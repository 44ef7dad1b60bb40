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
