# The proxy settings that bitsadmin.exe and netsh.exe write, in the binary form of WinINET and WinHTTP.

$global:ProxySettings = 'SOFTWARE\Microsoft\Windows\CurrentVersion\Internet Settings\Connections'

function ConvertTo-ProxyBytes {
    # Mark, counter and flags, then each text with its length in front; WinINET pads with zeros.
    param([int]$Mark, [long]$Counter, [int]$Flags, [string[]]$Texts, [int]$Padding)
    $bytes = @($Mark, 0, 0, 0)
    $bytes += @([BitConverter]::GetBytes([uint32]$Counter))
    $bytes += @($Flags, 0, 0, 0)
    foreach ($text in $Texts) {
        $bytes += @([BitConverter]::GetBytes([int]$text.Length))
        $bytes += @([Text.Encoding]::ASCII.GetBytes($text))
    }
    if ($Padding -gt 0) { $bytes += @(0) * $Padding }
    [Convert]::ToBase64String([byte[]]$bytes)
}

function Set-ProxyBytes {
    param([string]$Key, [string]$Name, [string]$Content)
    $row = New-Object -TypeName PSCustomObject
    Add-Field -Node $row -Name 'type' -Value 'Binary'
    Add-Field -Node $row -Name 'data' -Value $Content
    Set-Place -Place 'registry', $Key, $Name -Value $row
}

function bitsadmin.exe {
    if ((@($args[0..2]) -join ' ') -ne '/util /setieproxy LOCALSYSTEM' -or $args.Count -lt 4) {
        throw "windows.ps1 does not play bitsadmin.exe $args."
    }
    # ERROR_SERVICE_DISABLED, as a HRESULT.
    if ((Get-Place -Place 'services', 'BITS', 'start') -eq 'disabled') {
        $global:LASTEXITCODE = -2147023838
        return
    }
    $global:LASTEXITCODE = 0
    $key = "HKU\S-1-5-18\$global:ProxySettings"
    $name = 'DefaultConnectionSettings'
    $before = Get-Place -Place 'registry', $key, $name, 'data'
    $flags, $texts = switch -CaseSensitive ("$($args[3]) $($args.Count)") {
        'NO_PROXY 4' { 1, @('', '', '') }
        'AUTODETECT 4' { 9, @('', '', '') }
        'AUTOSCRIPT 5' { 5, @('', '', $args[4]) }
        'MANUAL_PROXY 6' { 3, @($args[4], $(if ($args[5] -ceq 'NULL') { '' } else { $args[5] }), '') }
        'RESET 4' { $null, @() }
        default { throw "windows.ps1 does not play bitsadmin.exe $args." }
    }
    if ($null -eq $flags) {
        if ($null -ne $before) { Remove-Place -Place 'registry', $key, $name }
        return
    }
    $counter = [long]1
    if ($null -ne $before) {
        $old = [Convert]::FromBase64String($before)
        if ($old.Length -ge 8) { $counter = ([long][BitConverter]::ToUInt32($old, 4) + 1) % 4294967296 }
    }
    $content = ConvertTo-ProxyBytes -Mark 0x46 -Counter $counter -Flags $flags -Texts $texts -Padding 32
    Set-ProxyBytes -Key $key -Name $name -Content $content
    Get-Word -Name done
}

function netsh.exe {
    $line = $args -join ' '
    $flags = 1
    $server = ''
    $bypass = ''
    if ($line -match '^winhttp set proxy proxy-server=(\S+)( bypass-list=(\S+))?$') {
        $flags = 3
        $server = $Matches[1]
        if ($Matches.ContainsKey(3)) { $bypass = $Matches[3] }
    } elseif ($line -ne 'winhttp reset proxy') {
        throw "windows.ps1 does not play netsh.exe $line."
    }
    $content = ConvertTo-ProxyBytes -Mark 0x18 -Counter 0 -Flags $flags -Texts $server, $bypass -Padding 0
    Set-ProxyBytes -Key "HKLM\$global:ProxySettings" -Name 'WinHttpSettings' -Content $content
    Get-Word -Name done
    $global:LASTEXITCODE = 0
}
