# The network of the machine, as the network commands of Windows show and change it: what is active lies in
# `adapters`, what the next start takes in the registry. Both change, as without a policy store.

$global:Interfaces = 'HKLM\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters\Interfaces'

function Get-AdapterRow {
    foreach ($guid in @(Get-PlaceName -Place 'adapters')) {
        [pscustomobject]@{
            Name                       = (Get-Place -Place 'adapters', $guid, 'name')
            InterfaceGuid              = $guid
            InterfaceIndex             = (Get-Place -Place 'adapters', $guid, 'index')
            PermanentAddress           = ([string](Get-Place -Place 'adapters', $guid, 'mac')).Replace('-', '')
            InterfaceOperationalStatus = $(if (Get-Place -Place 'adapters', $guid, 'up') { 1 } else { 2 })
            HardwareInterface          = -not (Get-Place -Place 'adapters', $guid, 'virtual')
            Hidden                     = $false
        }
    }
}

function Get-AdapterGuid {
    param($Index)
    foreach ($adapter in @(Get-AdapterRow)) {
        if ($adapter.InterfaceIndex -eq $Index) {
            return $adapter.InterfaceGuid
        }
    }
    throw "windows.ps1 has no adapter of the index $Index."
}

function Set-Stored {
    param([string]$Guid, [string]$Name, [string]$Type, $Value)
    $row = New-Object -TypeName PSCustomObject
    Add-Field -Node $row -Name 'type' -Value $Type
    Add-Field -Node $row -Name 'data' -Value $Value
    Set-Place -Place 'registry', "$($global:Interfaces)\$Guid", $Name -Value $row
}

function Get-Stored {
    # The value, or each of several; nothing where there is none.
    param([string]$Guid, [string]$Name)
    foreach ($value in (Get-Place -Place 'registry', "$($global:Interfaces)\$Guid", $Name, 'data')) {
        if ($null -ne $value) { $value }
    }
}

function Get-Mask {
    param([int]$Prefix)
    $bits = ('1' * $Prefix).PadRight(32, '0')
    @(0, 8, 16, 24 | ForEach-Object -Process { [Convert]::ToInt32($bits.Substring($_, 8), 2) }) -join '.'
}

function Enable-Lease {
    # What the DHCP server at this port offers, or the address that the machine then gives itself.
    param([string]$Guid)
    if ((Get-Stored -Guid $Guid -Name 'DisableDhcpOnConnect') -eq 1) {
        return
    }
    Set-Place -Place 'adapters', $Guid, 'dhcp' -Value $true
    Set-Stored -Guid $Guid -Name 'EnableDHCP' -Type 'DWord' -Value 1
    if (-not (Get-Place -Place 'adapters', $Guid, 'up')) {
        return
    }
    $offer = Get-Place -Place 'adapters', $Guid, 'offer'
    $row = [pscustomobject]@{ address = '169.254.7.7'; prefix = 16; origin = 'WellKnown'; state = 'Preferred' }
    $router = @()
    if ($null -ne $offer) {
        $row = [pscustomobject]@{ address = $offer.address; prefix = $offer.prefix; origin = 'Dhcp'; state = 'Preferred' }
        $router = @($offer.gateway)
    }
    Set-Place -Place 'adapters', $Guid, 'addresses' -Value @(, $row)
    Set-Place -Place 'adapters', $Guid, 'gateways' -Value (@(Get-Stored -Guid $Guid -Name 'DefaultGateway') + $router)
    if ($null -ne $offer) {
        Set-Stored -Guid $Guid -Name 'DhcpIPAddress' -Type 'String' -Value $offer.address
        Set-Stored -Guid $Guid -Name 'DhcpSubnetMask' -Type 'String' -Value (Get-Mask -Prefix $offer.prefix)
        Set-Stored -Guid $Guid -Name 'DhcpDefaultGateway' -Type 'MultiString' -Value @(, $offer.gateway)
        Set-Stored -Guid $Guid -Name 'DhcpNameServer' -Type 'String' -Value ($offer.dns -join ' ')
    }
}

function Get-NetIPInterface {
    [CmdletBinding(SupportsShouldProcess = $true)]
    param(
        [Parameter(Position = 0)] $InterfaceAlias,
        $InterfaceIndex,
        $AddressFamily,
        $Forwarding,
        $ClampMss,
        $Advertising,
        $NlMtuBytes,
        $InterfaceMetric,
        $NeighborUnreachabilityDetection,
        $BaseReachableTimeMs,
        $ReachableTimeMs,
        $RetransmitTimeMs,
        $DadTransmits,
        $DadRetransmitTimeMs,
        $RouterDiscovery,
        $ManagedAddressConfiguration,
        $OtherStatefulConfiguration,
        $WeakHostSend,
        $WeakHostReceive,
        $IgnoreDefaultRoutes,
        $AdvertisedRouterLifetime,
        $AdvertiseDefaultRoute,
        $CurrentHopLimit,
        $ForceArpNdWolPattern,
        $DirectedMacWolPattern,
        $EcnMarking,
        $Dhcp,
        $ConnectionState,
        $AutomaticMetric,
        $NeighborDiscoverySupported,
        $CompartmentId,
        $PolicyStore,
        [switch]$IncludeAllCompartments,
        $CimSession,
        $ThrottleLimit,
        [switch]$AsJob,
        $AssociatedRoute,
        $AssociatedIPAddress,
        $AssociatedNeighbor,
        $AssociatedAdapter
    )
    Assert-Played -Name Get-NetIPInterface -Bound $PSBoundParameters -Played AddressFamily
    foreach ($adapter in @(Get-AdapterRow)) {
        [pscustomobject]@{
            InterfaceIndex = $adapter.InterfaceIndex
            Dhcp           = $(if (Get-Place -Place 'adapters', $adapter.InterfaceGuid, 'dhcp') { 'Enabled' } else { 'Disabled' })
        }
    }
}

function Get-NetIPAddress {
    [CmdletBinding(SupportsShouldProcess = $true)]
    param(
        [Parameter(Position = 0)] $IPAddress,
        $InterfaceIndex,
        $InterfaceAlias,
        $AddressFamily,
        $Type,
        $PrefixLength,
        $PrefixOrigin,
        $SuffixOrigin,
        $AddressState,
        $ValidLifetime,
        $PreferredLifetime,
        $SkipAsSource,
        $AssociatedIPInterface,
        $PolicyStore,
        [switch]$IncludeAllCompartments,
        $CimSession,
        $ThrottleLimit,
        [switch]$AsJob
    )
    Assert-Played -Name Get-NetIPAddress -Bound $PSBoundParameters -Played AddressFamily
    # There always is one: an empty answer would be an error.
    [pscustomobject]@{ InterfaceIndex = 1; IPAddress = '127.0.0.1'; PrefixLength = 8; PrefixOrigin = 'WellKnown'; AddressState = 'Preferred' }
    foreach ($adapter in @(Get-AdapterRow)) {
        foreach ($row in (Get-Place -Place 'adapters', $adapter.InterfaceGuid, 'addresses')) {
            [pscustomobject]@{
                InterfaceIndex = $adapter.InterfaceIndex
                IPAddress      = $row.address
                PrefixLength   = $row.prefix
                PrefixOrigin   = $row.origin
                AddressState   = $row.state
            }
        }
    }
}

function Get-NetRoute {
    [CmdletBinding(SupportsShouldProcess = $true)]
    param(
        [Parameter(Position = 0)] $DestinationPrefix,
        $InterfaceIndex,
        $InterfaceAlias,
        $NextHop,
        $AddressFamily,
        $Publish,
        $RouteMetric,
        $Protocol,
        $CompartmentId,
        $ValidLifetime,
        $PreferredLifetime,
        $AssociatedIPInterface,
        $PolicyStore,
        [switch]$IncludeAllCompartments,
        $CimSession,
        $ThrottleLimit,
        [switch]$AsJob
    )
    Assert-Played -Name Get-NetRoute -Bound $PSBoundParameters -Played AddressFamily
    [pscustomobject]@{ InterfaceIndex = 1; DestinationPrefix = '127.0.0.0/8'; NextHop = '0.0.0.0' }
    foreach ($adapter in @(Get-AdapterRow)) {
        foreach ($router in (Get-Place -Place 'adapters', $adapter.InterfaceGuid, 'gateways')) {
            [pscustomobject]@{ InterfaceIndex = $adapter.InterfaceIndex; DestinationPrefix = '0.0.0.0/0'; NextHop = $router }
        }
    }
}

function Get-NetConnectionProfile {
    [CmdletBinding(SupportsShouldProcess = $true)]
    param(
        $Name,
        $InterfaceAlias,
        $InterfaceIndex,
        $NetworkCategory,
        $IPv4Connectivity,
        $IPv6Connectivity,
        $CimSession,
        $ThrottleLimit,
        [switch]$AsJob
    )
    Assert-Played -Name Get-NetConnectionProfile -Bound $PSBoundParameters -Played ''
    foreach ($adapter in @(Get-AdapterRow)) {
        if ($adapter.InterfaceOperationalStatus -eq 1) {
            [pscustomobject]@{
                InterfaceIndex  = $adapter.InterfaceIndex
                NetworkCategory = (Get-Place -Place 'adapters', $adapter.InterfaceGuid, 'category')
            }
        }
    }
}

function Set-NetConnectionProfile {
    [CmdletBinding(SupportsShouldProcess = $true)]
    param(
        $Name,
        $InterfaceAlias,
        $InterfaceIndex,
        $IPv4Connectivity,
        $IPv6Connectivity,
        $NetworkCategory,
        $CimSession,
        $ThrottleLimit,
        [switch]$AsJob,
        [switch]$PassThru,
        [Parameter(ValueFromPipeline = $true)] $InputObject
    )
    Assert-Played -Name Set-NetConnectionProfile -Bound $PSBoundParameters -Played InterfaceIndex, NetworkCategory
    Set-Place -Place 'adapters', (Get-AdapterGuid -Index $InterfaceIndex), 'category' -Value ([string]$NetworkCategory)
}

function Remove-NetRoute {
    [CmdletBinding(SupportsShouldProcess = $true)]
    param(
        [Parameter(Position = 0)] $DestinationPrefix,
        $InterfaceIndex,
        $InterfaceAlias,
        $NextHop,
        $AddressFamily,
        $Publish,
        $RouteMetric,
        $Protocol,
        $CompartmentId,
        $ValidLifetime,
        $PreferredLifetime,
        $AssociatedIPInterface,
        $PolicyStore,
        [switch]$IncludeAllCompartments,
        $CimSession,
        $ThrottleLimit,
        [switch]$AsJob,
        [switch]$PassThru,
        [Parameter(ValueFromPipeline = $true)] $InputObject
    )
    Assert-Played -Name Remove-NetRoute -Bound $PSBoundParameters -Played InterfaceIndex, DestinationPrefix, Confirm
    $guid = Get-AdapterGuid -Index $InterfaceIndex
    Set-Place -Place 'adapters', $guid, 'gateways' -Value @()
    Set-Stored -Guid $guid -Name 'DefaultGateway' -Type 'MultiString' -Value @()
}

function Remove-NetIPAddress {
    [CmdletBinding(SupportsShouldProcess = $true)]
    param(
        [Parameter(Position = 0)] $IPAddress,
        $InterfaceIndex,
        $InterfaceAlias,
        $AddressFamily,
        $Type,
        $PrefixLength,
        $PrefixOrigin,
        $SuffixOrigin,
        $AddressState,
        $ValidLifetime,
        $PreferredLifetime,
        $SkipAsSource,
        $PolicyStore,
        $DefaultGateway,
        [switch]$IncludeAllCompartments,
        $CimSession,
        $ThrottleLimit,
        [switch]$AsJob,
        [switch]$PassThru,
        [Parameter(ValueFromPipeline = $true)] $InputObject
    )
    Assert-Played -Name Remove-NetIPAddress -Bound $PSBoundParameters -Played InterfaceIndex, AddressFamily, Confirm
    $guid = Get-AdapterGuid -Index $InterfaceIndex
    Set-Place -Place 'adapters', $guid, 'addresses' -Value @()
    Set-Stored -Guid $guid -Name 'IPAddress' -Type 'MultiString' -Value @()
    Set-Stored -Guid $guid -Name 'SubnetMask' -Type 'MultiString' -Value @()
}

function New-NetIPAddress {
    [CmdletBinding(SupportsShouldProcess = $true)]
    param(
        [Parameter(Position = 0, Mandatory = $true)] $IPAddress,
        $InterfaceAlias,
        $DefaultGateway,
        $AddressFamily,
        $Type,
        $PrefixLength,
        $ValidLifetime,
        $PreferredLifetime,
        $SkipAsSource,
        $PolicyStore,
        $CimSession,
        $ThrottleLimit,
        [switch]$AsJob,
        $InterfaceIndex
    )
    Assert-Played -Name New-NetIPAddress -Bound $PSBoundParameters -Played InterfaceIndex, IPAddress, PrefixLength, DefaultGateway
    $guid = Get-AdapterGuid -Index $InterfaceIndex
    $up = Get-Place -Place 'adapters', $guid, 'up'
    $taken = (Get-Place -Place 'adapters', $guid, 'taken') -contains $IPAddress
    $state = if (-not $up) { 'Tentative' } elseif ($taken) { 'Duplicate' } else { 'Preferred' }
    $row = [pscustomobject]@{ address = [string]$IPAddress; prefix = [int]$PrefixLength; origin = 'Manual'; state = $state }
    Set-Place -Place 'adapters', $guid, 'addresses' -Value @(, $row)
    Set-Stored -Guid $guid -Name 'IPAddress' -Type 'MultiString' -Value @(, [string]$IPAddress)
    Set-Stored -Guid $guid -Name 'SubnetMask' -Type 'MultiString' -Value @(, (Get-Mask -Prefix $PrefixLength))
    if ($DefaultGateway) {
        Set-Place -Place 'adapters', $guid, 'gateways' -Value @(, [string]$DefaultGateway)
        Set-Stored -Guid $guid -Name 'DefaultGateway' -Type 'MultiString' -Value @(, [string]$DefaultGateway)
    }
    if (-not $up) {
        Set-Stored -Guid $guid -Name 'DisableDhcpOnConnect' -Type 'DWord' -Value 1
    }
}

function Set-NetIPInterface {
    [CmdletBinding(SupportsShouldProcess = $true)]
    param(
        [Parameter(Position = 0)] $InterfaceAlias,
        $InterfaceIndex,
        $AddressFamily,
        $ReachableTime,
        $NeighborDiscoverySupported,
        $CompartmentId,
        $PolicyStore,
        [switch]$IncludeAllCompartments,
        $Forwarding,
        $ClampMss,
        $Advertising,
        $NlMtuBytes,
        $InterfaceMetric,
        $NeighborUnreachabilityDetection,
        $BaseReachableTimeMs,
        $RetransmitTimeMs,
        $DadTransmits,
        $DadRetransmitTimeMs,
        $RouterDiscovery,
        $ManagedAddressConfiguration,
        $OtherStatefulConfiguration,
        $WeakHostSend,
        $WeakHostReceive,
        $IgnoreDefaultRoutes,
        $AdvertisedRouterLifetime,
        $AdvertiseDefaultRoute,
        $CurrentHopLimit,
        $ForceArpNdWolPattern,
        $DirectedMacWolPattern,
        $EcnMarking,
        $Dhcp,
        $AutomaticMetric,
        $CimSession,
        $ThrottleLimit,
        [switch]$AsJob,
        [switch]$PassThru,
        [Parameter(ValueFromPipeline = $true)] $InputObject
    )
    Assert-Played -Name Set-NetIPInterface -Bound $PSBoundParameters -Played InterfaceIndex, AddressFamily, Dhcp
    $guid = Get-AdapterGuid -Index $InterfaceIndex
    if ($Dhcp -eq 'Enabled') {
        Enable-Lease -Guid $guid
    } elseif (Get-Place -Place 'adapters', $guid, 'dhcp') {
        Set-Place -Place 'adapters', $guid, 'dhcp' -Value $false
        Set-Stored -Guid $guid -Name 'EnableDHCP' -Type 'DWord' -Value 0
        $kept = @(foreach ($row in (Get-Place -Place 'adapters', $guid, 'addresses')) { if ($row.origin -eq 'Manual') { $row } })
        Set-Place -Place 'adapters', $guid, 'addresses' -Value $kept
        Set-Place -Place 'adapters', $guid, 'gateways' -Value @(Get-Stored -Guid $guid -Name 'DefaultGateway')
    }
}

function Set-DnsClientServerAddress {
    [CmdletBinding(SupportsShouldProcess = $true)]
    param(
        [Parameter(Position = 0)] $InterfaceAlias,
        $ServerAddresses,
        [switch]$Validate,
        [switch]$ResetServerAddresses,
        $CimSession,
        $ThrottleLimit,
        [switch]$AsJob,
        [switch]$PassThru,
        $InterfaceIndex,
        [Parameter(ValueFromPipeline = $true)] $InputObject
    )
    Assert-Played -Name Set-DnsClientServerAddress -Bound $PSBoundParameters -Played InterfaceIndex, ServerAddresses, ResetServerAddresses
    $servers = if ($ResetServerAddresses) { '' } else { @($ServerAddresses) -join ',' }
    Set-Stored -Guid (Get-AdapterGuid -Index $InterfaceIndex) -Name 'NameServer' -Type 'String' -Value $servers
}
