param($Arguments)

# Each part has a way out of its own: what cannot be read is null, which means unknown, and the rest arrives.

function Get-SystemFact {
    try {
        $system = Get-CimInstance -ClassName Win32_ComputerSystem -Property Manufacturer, Model, PartOfDomain, Domain, UserName
        [ordered]@{
            manufacturer   = [string]$system.Manufacturer
            model          = [string]$system.Model
            part_of_domain = [bool]$system.PartOfDomain
            domain         = [string]$system.Domain
            user           = [string]$system.UserName
        }
    } catch {
        return $null
    }
}

function Get-FirmwareFact {
    try {
        $bios = Get-CimInstance -ClassName Win32_BIOS -Property SerialNumber, SMBIOSBIOSVersion, ReleaseDate
        # WMI keeps midnight UTC and hands out local time: west of Greenwich that is the day before.
        $released = if ($null -ne $bios.ReleaseDate) { $bios.ReleaseDate.ToUniversalTime().ToString('s') } else { '' }
        [ordered]@{
            serial   = [string]$bios.SerialNumber
            version  = [string]$bios.SMBIOSBIOSVersion
            released = $released
        }
    } catch {
        return $null
    }
}

function Get-WindowsFact {
    try {
        $key = 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion'
        [ordered]@{
            product  = Get-RegistryValue -Key $key -Name 'ProductName'
            edition  = Get-RegistryValue -Key $key -Name 'EditionID'
            build    = Get-RegistryValue -Key $key -Name 'CurrentBuildNumber'
            revision = Get-RegistryValue -Key $key -Name 'UBR'
        }
    } catch {
        return $null
    }
}

function Get-WriteFilter {
    try {
        $filter = Get-CimInstance -Namespace 'root\standardcimv2\embedded' -ClassName UWF_Filter -Property CurrentEnabled, NextEnabled
        [ordered]@{ current = [bool]$filter.CurrentEnabled; next = [bool]$filter.NextEnabled }
    } catch {
        # No such namespace or class: the feature is not installed.
        if ($_.FullyQualifiedErrorId -like 'HRESULT 0x8004100e,*' -or $_.FullyQualifiedErrorId -like 'HRESULT 0x80041010,*') {
            return [ordered]@{ current = $false; next = $false }
        }
        return $null
    }
}

function Get-AccountSid {
    # Of all that whoami.exe says only SIDs are the same in every language.
    try {
        $row = whoami.exe /user /fo csv /nh | ConvertFrom-Csv -Header name, sid
        if ($LASTEXITCODE -ne 0) {
            return $null
        }
        [string]$row.sid
    } catch {
        return $null
    }
}

function Test-Elevated {
    # A filtered token names the administrators too, for denying only; its integrity level is what tells.
    try {
        $rows = whoami.exe /groups /fo csv /nh | ConvertFrom-Csv -Header name, type, sid, attributes
        $sids = @($rows | ForEach-Object -Process { $_.sid })
        if ($LASTEXITCODE -ne 0 -or @($sids | Where-Object -FilterScript { $_ -like 'S-1-16-*' }).Count -eq 0) {
            return $null
        }
        $high = ($sids -contains 'S-1-16-12288') -or ($sids -contains 'S-1-16-16384')
        $high -and ($sids -contains 'S-1-5-32-544')
    } catch {
        return $null
    }
}

function Get-PendingRestart {
    try {
        $microsoft = 'HKLM:\SOFTWARE\Microsoft'
        $windows = "$microsoft\Windows\CurrentVersion"
        $system = 'HKLM:\SYSTEM\CurrentControlSet'
        $renames = Get-RegistryValue -Key "$system\Control\Session Manager" -Name 'PendingFileRenameOperations'
        $active = Get-RegistryValue -Key "$system\Control\ComputerName\ActiveComputerName" -Name 'ComputerName'
        $name = Get-RegistryValue -Key "$system\Control\ComputerName\ComputerName" -Name 'ComputerName'
        $updaters = foreach ($key in "$microsoft\Updates", 'HKLM:\SOFTWARE\Wow6432Node\Microsoft\Updates') {
            Get-RegistryValue -Key $key -Name 'UpdateExeVolatile'
        }
        # The keys need not hold anything: that they are there is the sign.
        [ordered]@{
            component_servicing = Test-Path -LiteralPath "$windows\Component Based Servicing\RebootPending"
            windows_update      = Test-Path -LiteralPath "$windows\WindowsUpdate\Auto Update\RebootRequired"
            file_renames        = @($renames | Where-Object -FilterScript { $_ }).Count -gt 0
            rename              = $null -ne $name -and $name -ne $active
            domain_join         = Test-Path -LiteralPath "$system\Services\Netlogon\JoinDomain"
            updaters            = @($updaters | Where-Object -FilterScript { $_ }).Count -gt 0
            our_own             = $null -ne (Get-RegistryValue -Key 'HKLM:\HARDWARE\DESCRIPTION\System' -Name 'ProvisionerRestartPending')
        }
    } catch {
        return $null
    }
}

function Get-AxisService {
    try {
        # A key without the value, or closed to us, is none of theirs and must not hide the others.
        $paths = Get-ItemProperty -Path 'HKLM:\SYSTEM\CurrentControlSet\Services\*' -Name 'ImagePath' -ErrorAction SilentlyContinue
        $names = @($paths | Where-Object -FilterScript { $null -ne $_ -and $_.ImagePath -like '*\Axis Communications\*' })
        $running = @(foreach ($row in $names) {
                if ((Get-Service -Name $row.PSChildName).Status -eq 'Running') { $row.PSChildName }
            })
        [ordered]@{ running = $running }
    } catch {
        return $null
    }
}

function Get-PersonFact {
    # By SID, since the names of groups are translated.
    try {
        $local = @(foreach ($user in Get-LocalUser) {
                [ordered]@{ sid = $user.SID.Value; name = [string]$user.Name; enabled = [bool]$user.Enabled }
            })
        [ordered]@{ administrators = @(Get-GroupMemberSid -Group 'S-1-5-32-544'); local = $local }
    } catch {
        return $null
    }
}

function Get-NetworkChange {
    try {
        @(Get-TextLine -Path 'C:\Program Files\provisioner\network\state.json') -join ''
    } catch {
        return $null
    }
}

$names = 'HKLM:\SYSTEM\CurrentControlSet\Control\ComputerName\ActiveComputerName'
$system = Get-CimInstance -ClassName Win32_OperatingSystem -Property LastBootUpTime
# 's' is the time format that no culture's separators or calendar touch.
[ordered]@{
    machine_guid    = Get-RegistryValue -Key 'HKLM:\SOFTWARE\Microsoft\Cryptography' -Name 'MachineGuid'
    computer_name   = Get-RegistryValue -Key $names -Name 'ComputerName'
    boot_filetime   = $system.LastBootUpTime.ToFileTimeUtc()
    local_time      = (Get-Date).ToString('s')
    run_file        = @(Get-TextLine -Path 'C:\Program Files\provisioner\run.jsonl')
    applied         = (@(Get-TextLine -Path 'C:\Program Files\provisioner\applied.json') -join '')
    system          = Get-SystemFact
    firmware        = Get-FirmwareFact
    windows         = Get-WindowsFact
    write_filter    = Get-WriteFilter
    account_sid     = Get-AccountSid
    elevated        = Test-Elevated
    sixty_four_bit  = Test-SixtyFourBit
    pending_restart = Get-PendingRestart
    axis_services   = Get-AxisService
    network_change  = Get-NetworkChange
    people          = Get-PersonFact
}
