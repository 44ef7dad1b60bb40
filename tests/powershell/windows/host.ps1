# What a machine says of itself and of us: firmware, write filter, whoami.exe, the width of our process.

function Get-BiosRow {
    $released = Get-Place -Place 'hardware', 'bios_released_ms'
    [pscustomobject]@{
        SerialNumber      = Get-Place -Place 'hardware', 'serial'
        SMBIOSBIOSVersion = Get-Place -Place 'hardware', 'bios_version'
        ReleaseDate       = $(if ($null -ne $released) { New-MachineTime -UtcMs $released })
    }
}

function Get-WriteFilterRow {
    # Without the feature Windows has no such namespace.
    $filter = Get-Place -Place 'write_filter'
    if ($null -eq $filter) {
        throw (New-Failure -Message 'Invalid namespace ' -Category ObjectNotFound `
                -Id 'HRESULT 0x8004100e,Microsoft.Management.Infrastructure.CimCmdlets.GetCimInstanceCommand')
    }
    [pscustomobject]@{ CurrentEnabled = [bool]$filter.on; NextEnabled = [bool]$filter.next }
}

function Test-PlayedSixtyFourBit {
    $wide = Get-Place -Place 'session', 'sixty_four_bit'
    $null -eq $wide -or [bool]$wide
}

function whoami.exe {
    $sid = Get-Place -Place 'session', 'sid'
    $global:LASTEXITCODE = [int]($null -eq $sid)
    if ($null -eq $sid) {
        return
    }
    switch ($args -join ' ') {
        '/user /fo csv /nh' { '"{0}\{1}","{2}"' -f 'harbour-cr1', 'provision', $sid }
        '/groups /fo csv /nh' { Get-GroupLine -Elevated (Get-Place -Place 'session', 'elevated') }
        default { throw "windows.ps1 does not play whoami.exe $_." }
    }
}

function Get-GroupLine {
    # `elevated` is true, false, or "unknown" for a token without an integrity level. A filtered token names the
    # administrators too. The first line is a group with a name that is made to mislead.
    param($Elevated)
    '"HARBOUR-CR1\S-1-16-12288","Alias","S-1-5-21-1-2-3-1050","{0}"' -f (Get-Word -Name enabled)
    '"BUILTIN\{0}","Alias","S-1-5-32-544","{1}"' -f (Get-Word -Name administrators), (Get-Word -Name enabled)
    '"NT AUTHORITY\{0}","{1}","S-1-5-2","{2}"' -f (Get-Word -Name network), (Get-Word -Name known), (Get-Word -Name enabled)
    if ($Elevated -is [bool]) {
        $level = if ($Elevated) { 'S-1-16-12288' } else { 'S-1-16-8192' }
        '"{0}","{1}","{2}",""' -f (Get-Word -Name level), (Get-Word -Name label), $level
    }
}
