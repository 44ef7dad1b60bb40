param([string]$Act)

# Runs on the machine as a task of the system: makes a change of the network, or takes it back. Nobody waits for
# it and nobody is asked; whoever sent it may be dead by now.
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
Set-StrictMode -Version 2.0
$folder = 'C:\Program Files\provisioner\network'
$tasks = 'provisioner-network-change', 'provisioner-network-startup', 'provisioner-network-revert'

function Get-Record {
    param([string]$Name)
    ConvertFrom-Json -InputObject (@(Get-Content -LiteralPath "$folder\$Name" -Encoding UTF8) -join '')
}

function Set-State {
    param([string]$State, [string]$What)
    $id = if (Test-Path -LiteralPath "$folder\before.json") { (Get-Record -Name 'before.json').id } else { (Get-Record -Name 'reverting.json').id }
    $record = [ordered]@{ id = $id; state = $State; what = $What }
    Set-Content -LiteralPath "$folder\state.json.new" -Value (ConvertTo-Json -InputObject $record -Compress) -Encoding UTF8
    Move-Item -LiteralPath "$folder\state.json.new" -Destination "$folder\state.json" -Force
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
    # A default route that stays behind would be a second gateway beside the new one.
    param($Index)
    if (@(Get-NetRoute -AddressFamily IPv4 | Where-Object -FilterScript { $_.InterfaceIndex -eq $Index -and $_.DestinationPrefix -eq '0.0.0.0/0' }).Count -gt 0) {
        Remove-NetRoute -InterfaceIndex $Index -DestinationPrefix '0.0.0.0/0' -Confirm:$false
    }
    if (@(Get-NetIPAddress -AddressFamily IPv4 | Where-Object -FilterScript { $_.InterfaceIndex -eq $Index }).Count -gt 0) {
        Remove-NetIPAddress -InterfaceIndex $Index -AddressFamily IPv4 -Confirm:$false
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
    Set-NetIPInterface -InterfaceIndex $Index -AddressFamily IPv4 -Dhcp Disabled
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

function Wait-Address {
    # A new address may be used once nobody else has claimed it (duplicate address detection).
    param($Index, [int]$Tries)
    for ($try = 0; $try -lt $Tries; $try++) {
        $states = @(Get-NetIPAddress -AddressFamily IPv4 | Where-Object -FilterScript { $_.InterfaceIndex -eq $Index -and $_.IPAddress -notlike '169.254.*' } | ForEach-Object -Process { [string]$_.AddressState })
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

function Set-NameServer {
    param($Index, $Servers)
    if (@($Servers).Count -gt 0) {
        Set-DnsClientServerAddress -InterfaceIndex $Index -ServerAddresses @($Servers)
    } else {
        Set-DnsClientServerAddress -InterfaceIndex $Index -ResetServerAddresses
    }
}

function Set-Category {
    # Windows is still finding out which network this is.
    param($Index, [string]$Category)
    for ($try = 0; $try -lt 40; $try++) {
        $now = @(Get-NetConnectionProfile | Where-Object -FilterScript { $_.InterfaceIndex -eq $Index })
        if ($now.Count -gt 0) {
            if ([string]$now[0].NetworkCategory -ne $Category) {
                Set-NetConnectionProfile -InterfaceIndex $Index -NetworkCategory $Category
            }
            return
        }
        Start-Sleep -Milliseconds 500
    }
    throw 'Windows did not recognize the network.'
}

function Set-Network {
    param($Wanted, [int]$Tries)
    $index = Get-Index -Guid $Wanted.guid
    if ($null -ne $Wanted.address) {
        Set-Address -Index $index -Guid $Wanted.guid -Address $Wanted.address
    }
    if ($null -ne $Wanted.dns) {
        Set-NameServer -Index $index -Servers $Wanted.dns.servers
    }
    if ($null -ne $Wanted.address -and $Tries -gt 0) {
        Wait-Address -Index $index -Tries $Tries
    }
    if ($null -ne $Wanted.category) {
        Set-Category -Index $index -Category $Wanted.category
    }
}

function Remove-Rest {
    param([string[]]$Files)
    foreach ($name in $Files) {
        if (Test-Path -LiteralPath "$folder\$name") {
            Remove-Item -LiteralPath "$folder\$name"
        }
    }
    # Ourselves last: what is unregistered runs to its end.
    foreach ($name in $tasks) {
        if (@(Get-ScheduledTask | Where-Object -FilterScript { $_.TaskName -eq $name }).Count -gt 0) {
            Unregister-ScheduledTask -TaskPath '\' -TaskName $name -Confirm:$false
        }
    }
}

function Undo-Change {
    param([string]$Why)
    if (Test-Path -LiteralPath "$folder\confirmed.json") {
        # Confirmed by somebody who could not clear away after it.
        Remove-Rest -Files 'state.json', 'wanted.json', 'task.ps1', 'confirmed.json'
        Remove-Item -LiteralPath $folder
        return
    }
    if (Test-Path -LiteralPath "$folder\before.json") {
        # Whoever moves this file first has won: we, or the one who confirms.
        Move-Item -LiteralPath "$folder\before.json" -Destination "$folder\reverting.json"
    } elseif ($Act -ne 'startup' -or -not (Test-Path -LiteralPath "$folder\reverting.json")) {
        # Only the power cuts a restoring short; otherwise another of our tasks is at it.
        return
    }
    $said = $Why
    try {
        Set-Network -Wanted (Get-Record -Name 'reverting.json') -Tries 0
    } catch {
        $said = "$Why; restored only in part: $($_.Exception.Message)"
    }
    Set-State -State 'reverted' -What $said
    Remove-Rest -Files 'reverting.json', 'wanted.json', 'task.ps1'
}

if ($Act -eq 'change') {
    # Until then the answer to the one who started us has left.
    Start-Sleep -Seconds 3
    try {
        Set-Network -Wanted (Get-Record -Name 'wanted.json') -Tries 60
        Set-State -State 'changed' -What ''
    } catch {
        Undo-Change -Why $_.Exception.Message
    }
}
if ($Act -eq 'revert') {
    # Time that passes, not the clock: that one may be set meanwhile.
    $left = [int](Get-Record -Name 'wanted.json').confirm_seconds
    while ($left -gt 0) {
        Start-Sleep -Seconds ([Math]::Min($left, 5))
        $left -= 5
    }
    Undo-Change -Why 'nobody confirmed it in time'
}
if ($Act -eq 'startup') {
    Undo-Change -Why 'the machine started again before anybody confirmed it'
}
