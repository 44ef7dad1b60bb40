param($Arguments)

$adapters = @(Get-CimInstance -Namespace 'root\StandardCimv2' -ClassName MSFT_NetAdapter -Filter 'Hidden = FALSE' -Property Name, InterfaceGuid, InterfaceIndex, PermanentAddress, InterfaceOperationalStatus, HardwareInterface)
$found = @(foreach ($adapter in $adapters) {
        $fits = switch ($Arguments.by) {
            'mac' { $adapter.PermanentAddress -eq $Arguments.value }
            'name' { $adapter.Name -eq $Arguments.value }
            # 1 is up (RFC 2863, ifOperStatus). A virtual switch or a VPN is meant only where it is named.
            default { $adapter.HardwareInterface -and $adapter.InterfaceOperationalStatus -eq 1 }
        }
        if ($fits) { $adapter }
    })

function Get-StoredSetting {
    # What the next start takes: the commands show what is active now.
    param([string]$Guid)
    $key = "HKLM:\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters\Interfaces\$Guid"
    [ordered]@{
        dhcp        = Get-RegistryValue -Key $key -Name 'EnableDHCP'
        addresses   = Get-RegistryValue -Key $key -Name 'IPAddress'
        # Only here it shows whether name servers were set by hand; the command lists those in force.
        name_server = Get-RegistryValue -Key $key -Name 'NameServer'
    }
}

function Get-Setting {
    param($Adapter)
    $index = $Adapter.InterfaceIndex
    # All of them, and ours picked out: asking for an index that has none is an error.
    $interfaces = @(Get-NetIPInterface -AddressFamily IPv4 | Where-Object -FilterScript { $_.InterfaceIndex -eq $index })
    $addresses = @(Get-NetIPAddress -AddressFamily IPv4 | Where-Object -FilterScript { $_.InterfaceIndex -eq $index } | Sort-Object -Property IPAddress)
    $routes = @(Get-NetRoute -AddressFamily IPv4 | Where-Object -FilterScript { $_.InterfaceIndex -eq $index -and $_.DestinationPrefix -eq '0.0.0.0/0' } | Sort-Object -Property NextHop)
    $profiles = @(Get-NetConnectionProfile | Where-Object -FilterScript { $_.InterfaceIndex -eq $index })
    [ordered]@{
        dhcp      = [bool]@($interfaces | Where-Object -FilterScript { $_.Dhcp -eq 'Enabled' }).Count
        addresses = @(foreach ($row in $addresses) {
                [ordered]@{ address = [string]$row.IPAddress; prefix = [int]$row.PrefixLength; origin = [string]$row.PrefixOrigin; state = [string]$row.AddressState }
            })
        gateways  = @(foreach ($route in $routes) { [string]$route.NextHop })
        category  = $(if ($profiles.Count -gt 0) { [string]$profiles[0].NetworkCategory } else { $null })
        stored    = Get-StoredSetting -Guid $Adapter.InterfaceGuid
    }
}

$system = Get-CimInstance -ClassName Win32_ComputerSystem -Property PartOfDomain
[ordered]@{
    candidates     = @(foreach ($adapter in $adapters) { [string]$adapter.Name })
    guid           = $(if ($found.Count -eq 1) { [string]$found[0].InterfaceGuid } else { $null })
    matching       = $found.Count
    setting        = $(if ($found.Count -eq 1) { Get-Setting -Adapter $found[0] } else { $null })
    part_of_domain = [bool]$system.PartOfDomain
}
