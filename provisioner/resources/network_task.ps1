param([string]$Act)

# Runs on the machine as a task of the system: makes a change of the network, or takes it back. Nobody waits for
# it and nobody is asked; whoever sent it may be dead by now.
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
Set-StrictMode -Version 2.0
$folder = 'C:\Program Files\provisioner\network'
$tasks = 'provisioner-network-change', 'provisioner-network-startup', 'provisioner-network-revert'

function Get-Record {
    # Null where it is not there, or where a cut of the power has left half of it.
    param([string]$Name)
    if (-not (Test-Path -LiteralPath "$folder\$Name")) {
        return $null
    }
    try {
        ConvertFrom-Json -InputObject (@(Get-Content -LiteralPath "$folder\$Name" -Encoding UTF8) -join '')
    } catch {
        $null
    }
}

function Set-State {
    param([string]$Id, [string]$State, [string]$What)
    $record = [ordered]@{ id = $Id; state = $State; what = $What }
    # Whoever reads it at this moment keeps it from being replaced; what happens to the network is not his affair.
    for ($try = 0; $try -lt 20; $try++) {
        try {
            Set-Content -LiteralPath "$folder\state.json.new" -Value (ConvertTo-Json -InputObject $record -Compress) -Encoding UTF8
            Move-Item -LiteralPath "$folder\state.json.new" -Destination "$folder\state.json" -Force
            return
        } catch {
            Start-Sleep -Milliseconds 500
        }
    }
}

function Get-Index {
    param([string]$Guid)
    $filter = "InterfaceGuid = '$Guid'"
    $adapter = Get-CimInstance -Namespace 'root\StandardCimv2' -ClassName MSFT_NetAdapter -Filter $filter -Property InterfaceGuid, InterfaceIndex
    if ($null -eq $adapter) {
        throw 'The network adapter is no longer there.'
    }
    $adapter.InterfaceIndex
}

function Clear-Address {
    # A default route that stays behind would be a second gateway beside the new one. A lease that ends takes
    # both along while we look, so what is gone when it is removed is no fault.
    param($Index)
    try {
        if (@(Get-NetRoute -AddressFamily IPv4 | Where-Object -FilterScript { $_.InterfaceIndex -eq $Index -and $_.DestinationPrefix -eq '0.0.0.0/0' }).Count -gt 0) {
            Remove-NetRoute -InterfaceIndex $Index -DestinationPrefix '0.0.0.0/0' -Confirm:$false
        }
    } catch {
        $null = $_
    }
    try {
        if (@(Get-NetIPAddress -AddressFamily IPv4 | Where-Object -FilterScript { $_.InterfaceIndex -eq $Index }).Count -gt 0) {
            Remove-NetIPAddress -InterfaceIndex $Index -AddressFamily IPv4 -Confirm:$false
        }
    } catch {
        $null = $_
    }
}

function Set-Dhcp {
    param($Index, [string]$Guid)
    $key = "HKLM:\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters\Interfaces\$Guid"
    # Left by an address that was set while the cable was out; Windows then ignores DHCP for ever.
    if ($null -ne (Get-ItemProperty -LiteralPath $key).PSObject.Properties['DisableDhcpOnConnect']) {
        Remove-ItemProperty -LiteralPath $key -Name 'DisableDhcpOnConnect'
    }
    Set-NetIPInterface -InterfaceIndex $Index -AddressFamily IPv4 -Dhcp Enabled
}

function Set-Static {
    param($Index, $Address)
    $new = @{ InterfaceIndex = $Index; IPAddress = $Address.address; PrefixLength = $Address.prefix }
    if ($null -ne $Address.gateway) {
        $new.DefaultGateway = $Address.gateway
    }
    # Without a policy store, so that it is active now and stored for the next start.
    $null = New-NetIPAddress @new
}

function Set-Address {
    param($Index, [string]$Guid, $Address)
    # Before the addresses go: while DHCP is on, it brings them back.
    Set-NetIPInterface -InterfaceIndex $Index -AddressFamily IPv4 -Dhcp Disabled
    Clear-Address -Index $Index
    if ($Address.dhcp) {
        Set-Dhcp -Index $Index -Guid $Guid
    } else {
        Set-Static -Index $Index -Address $Address
    }
}

function Set-NameServer {
    param($Index, $Servers)
    if (@($Servers).Count -gt 0) {
        Set-DnsClientServerAddress -InterfaceIndex $Index -ServerAddresses @($Servers)
    } else {
        Set-DnsClientServerAddress -InterfaceIndex $Index -ResetServerAddresses
    }
}

function Set-Network {
    param($Wanted)
    $index = Get-Index -Guid $Wanted.guid
    if ($null -ne $Wanted.address) {
        Set-Address -Index $index -Guid $Wanted.guid -Address $Wanted.address
    }
    if ($null -ne $Wanted.dns) {
        Set-NameServer -Index $index -Servers $Wanted.dns.servers
    }
}

function Wait-Address {
    # A new address may be used once nobody else has claimed it (duplicate address detection).
    param($Wanted)
    if ($null -eq $Wanted.address) {
        return
    }
    $index = Get-Index -Guid $Wanted.guid
    for ($try = 0; $try -lt 60; $try++) {
        $states = @(Get-NetIPAddress -AddressFamily IPv4 | Where-Object -FilterScript { $_.InterfaceIndex -eq $index -and $_.IPAddress -notlike '169.254.*' } | ForEach-Object -Process { [string]$_.AddressState })
        if ($states -contains 'Duplicate') {
            throw 'Another machine has this address.'
        }
        if ($states -contains 'Preferred') {
            return
        }
        Start-Sleep -Milliseconds 500
    }
    throw 'The adapter got no address: no cable, or no DHCP server.'
}

function Set-Category {
    param($Wanted)
    if ($null -eq $Wanted.category) {
        return
    }
    $index = Get-Index -Guid $Wanted.guid
    $held = 0
    # Windows is still finding out which network this is, and may yet take it for a new and public one.
    for ($try = 0; $try -lt 40 -and $held -lt 10; $try++) {
        $now = @(Get-NetConnectionProfile | Where-Object -FilterScript { $_.InterfaceIndex -eq $index })
        if ($now.Count -gt 0) {
            $held++
            if ([string]$now[0].NetworkCategory -ne $Wanted.category) {
                $held = 0
                try {
                    Set-NetConnectionProfile -InterfaceIndex $index -NetworkCategory $Wanted.category
                } catch {
                    # Not while Windows is identifying it.
                    $null = $_
                }
            }
        }
        Start-Sleep -Milliseconds 500
    }
    if ($held -eq 0) {
        throw 'Windows did not recognize the network.'
    }
}

function Restore-Network {
    # What could not be restored. At start-up the adapter may not be there yet: about 50 minutes of trying.
    param($Before)
    for ($try = 1; $try -le 60; $try++) {
        try {
            Set-Network -Wanted $Before
            return ''
        } catch {
            $failed = $_.Exception.Message
            Start-Sleep -Seconds ([Math]::Min(5 * $try, 60))
        }
    }
    $failed
}

function Restore-Category {
    # Windows knows a network again with its category; where none can be set now, it does that by itself.
    param($Before)
    try {
        Set-Category -Wanted $Before
        ''
    } catch {
        "; restored but for its category: $($_.Exception.Message)"
    }
}

function Test-Task {
    param([string]$Name)
    @(Get-ScheduledTask | Where-Object -FilterScript { $_.TaskName -eq $Name }).Count -gt 0
}

function Stop-Other {
    # Restoring must go on whatever the scheduler says.
    param($Names)
    foreach ($name in $Names) {
        try {
            if ($name -ne "provisioner-network-$Act" -and (Test-Task -Name $name)) {
                Stop-ScheduledTask -TaskPath '\' -TaskName $name
            }
        } catch {
            $null = $_
        }
    }
}

function Get-Transaction {
    # Which change this is; empty where none is pending.
    foreach ($name in 'before.json', 'reverting.json') {
        $record = Get-Record -Name $name
        if ($null -ne $record) {
            return [string]$record.id
        }
    }
    ''
}

function Remove-Rest {
    # What has become of the change stays for whoever asks; where nothing has, nothing stays.
    $state = Get-Record -Name 'state.json'
    $reverted = $null -ne $state -and $state.state -eq 'reverted'
    # One that sleeps would wake up in the middle of a later change.
    Stop-Other -Names $tasks
    foreach ($name in 'reverting.json', 'wanted.json', 'confirmed.json', 'task.ps1') {
        if (Test-Path -LiteralPath "$folder\$name") {
            Remove-Item -LiteralPath "$folder\$name"
        }
    }
    if (-not $reverted -and (Test-Path -LiteralPath $folder)) {
        Remove-Item -LiteralPath $folder -Recurse -Force
    }
    # Ourselves last.
    foreach ($name in @($tasks | Where-Object -FilterScript { $_ -ne "provisioner-network-$Act" }) + "provisioner-network-$Act") {
        if (Test-Task -Name $name) {
            Unregister-ScheduledTask -TaskPath '\' -TaskName $name -Confirm:$false
        }
    }
}

function Undo-Change {
    param([string]$Why)
    if (Test-Path -LiteralPath "$folder\before.json") {
        # Whoever moves this file first has won: we, or the one who confirms.
        try {
            Move-Item -LiteralPath "$folder\before.json" -Destination "$folder\reverting.json"
        } catch {
            $null = $_
        }
    }
    # Also what another of us, or a cut of the power, left half done: a change, a restoring, a clearing away.
    if ($Act -ne 'change') {
        Stop-Other -Names 'provisioner-network-change'
    }
    $before = Get-Record -Name 'reverting.json'
    if ($null -ne $before) {
        $failed = Restore-Network -Before $before
        if ($failed) {
            # Its file and the task at start-up stay, so that it is tried again then.
            Set-State -Id $before.id -State 'failed' -What "$Why; could not be restored: $failed"
            return
        }
        Set-State -Id $before.id -State 'reverted' -What "$Why$(Restore-Category -Before $before)"
    }
    Remove-Rest
}

if ($Act -eq 'change') {
    # Until then the answer to the one who started us has left.
    Start-Sleep -Seconds 3
    try {
        $wanted = Get-Record -Name 'wanted.json'
        Set-Network -Wanted $wanted
        Wait-Address -Wanted $wanted
        Set-Category -Wanted $wanted
        Set-State -Id (Get-Transaction) -State 'changed' -What ''
    } catch {
        Undo-Change -Why $_.Exception.Message
    }
}
if ($Act -eq 'revert') {
    $mine = Get-Transaction
    # Time that passes, not the clock: that one may be set meanwhile.
    $wanted = Get-Record -Name 'wanted.json'
    $left = $(if ($null -ne $wanted) { [int]$wanted.confirm_seconds } else { 600 })
    while ($left -gt 0) {
        Start-Sleep -Seconds ([Math]::Min($left, 5))
        $left -= 5
    }
    # Nobody ended us with the change that we watched: a later one has a task of its own.
    $now = Get-Transaction
    if (-not $now -or $now -eq $mine) {
        Undo-Change -Why 'nobody confirmed it in time'
    }
}
if ($Act -eq 'startup') {
    Undo-Change -Why 'the machine started again before anybody confirmed it'
}
