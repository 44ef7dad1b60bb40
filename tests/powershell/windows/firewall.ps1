# The Windows Firewall's rules, as the registry text that its commands write.

$global:FirewallRules = 'HKLM\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy\FirewallRules'
$global:RuleOrder = @('Action', 'Active', 'Dir', 'Protocol', 'Profile', 'LPort', 'LPort2_10', 'RPort', 'RPort2_10',
    'LA4', 'RA4', 'LA6', 'RA6', 'App', 'Svc', 'Name', 'Desc', 'EmbedCtxt')

function Get-RuleField {
    # The fields of a rule in their order, without the version.
    param([string]$Text)
    foreach ($part in @($Text.Split([char]'|') | Select-Object -Skip 1)) {
        if ($part) {
            $cut = $part.IndexOf('=')
            [pscustomobject]@{ Name = $part.Substring(0, $cut); Text = $part.Substring($cut + 1) }
        }
    }
}

function Write-RuleText {
    # In the order in which Windows writes them; what else there is follows.
    param([string]$Name, $Fields)
    $text = 'v2.30|'
    foreach ($kind in $global:RuleOrder) {
        foreach ($field in @($Fields | Where-Object -FilterScript { $_.Name -ceq $kind })) {
            $text += "$kind=$($field.Text)|"
        }
    }
    foreach ($field in @($Fields | Where-Object -FilterScript { $global:RuleOrder -cnotcontains $_.Name })) {
        $text += "$($field.Name)=$($field.Text)|"
    }
    $row = New-Object -TypeName PSCustomObject
    Add-Field -Node $row -Name 'type' -Value 'String'
    Add-Field -Node $row -Name 'data' -Value $text
    Set-Place -Place 'registry', $global:FirewallRules, $Name -Value $row
}

function Get-Mask {
    param([int]$Prefix)
    $parts = foreach ($byte in 0..3) {
        $bits = [Math]::Max(0, [Math]::Min(8, $Prefix - 8 * $byte))
        256 - [int][Math]::Pow(2, 8 - $bits)
    }
    $parts -join '.'
}

function Get-RemoteField {
    param([string]$Kind, [string]$Address)
    $six = $Address.Contains(':')
    if ($Address -eq 'Any') { return }
    if ($Address -eq 'LocalSubnet') { return $Address }
    if ($six -ne ($Kind -eq 'RA6')) { return }
    $cut = $Address.IndexOf('/')
    if ($six -or $cut -lt 0) { return $Address }
    $Address.Substring(0, $cut) + '/' + (Get-Mask -Prefix ([int]$Address.Substring($cut + 1)))
}

function ConvertTo-RuleField {
    # The fields that parameters stand for, by kind.
    param($Bound)
    $made = [ordered]@{}
    foreach ($key in $Bound.Keys) {
        $given = @($Bound[$key])
        switch ($key) {
            'Action' { $made['Action'] = $given }
            'Enabled' { $made['Active'] = @(([string]$given[0]).ToUpperInvariant()) }
            'Direction' { $made['Dir'] = @(@{ Inbound = 'In'; Outbound = 'Out' }[$given[0]]) }
            'Protocol' { $made['Protocol'] = @(@{ TCP = '6'; UDP = '17' }[$given[0]]) }
            'Profile' { $made['Profile'] = @($given | Where-Object -FilterScript { $_ -ne 'Any' }) }
            'LocalPort' {
                $made['LPort'] = @($given | Where-Object -FilterScript { -not $_.Contains('-') })
                $made['LPort2_10'] = @($given | Where-Object -FilterScript { $_.Contains('-') })
            }
            'RemoteAddress' {
                $made['RA4'] = @($given | ForEach-Object -Process { Get-RemoteField -Kind 'RA4' -Address $_ })
                $made['RA6'] = @($given | ForEach-Object -Process { Get-RemoteField -Kind 'RA6' -Address $_ })
            }
            'Program' { $made['App'] = @($given | Where-Object -FilterScript { $_ -ne 'Any' }) }
            'DisplayName' { $made['Name'] = $given }
            'NewDisplayName' { $made['Name'] = $given }
            'Group' { $made['EmbedCtxt'] = $given }
        }
    }
    $made
}

function Write-Rule {
    # What is given replaces all of its kind; everything else of the rule stays.
    param([string]$Name, [string]$Text, $Bound)
    $made = ConvertTo-RuleField -Bound $Bound
    $fields = @(Get-RuleField -Text $Text | Where-Object -FilterScript { -not $made.Contains($_.Name) })
    foreach ($kind in $made.Keys) {
        foreach ($given in $made[$kind]) {
            $fields += [pscustomobject]@{ Name = $kind; Text = [string]$given }
        }
    }
    Write-RuleText -Name $Name -Fields $fields
}

function Get-RuleText {
    param([string]$Name)
    Get-Place -Place 'registry', $global:FirewallRules, $Name, 'data'
}

function Assert-Firewall {
    # Without its service the firewall cannot be asked; 1753 is EPT_S_NOT_REGISTERED.
    param([string]$Command)
    if ((Get-Place -Place 'services', 'mpssvc', 'running') -ne $true) {
        throw (New-Failure -Id "Windows System Error 1753,$Command" -Category NotSpecified `
                -Message 'There are no more endpoints available from the endpoint mapper. ')
    }
}

function Assert-Rule {
    param([string]$Name, [string]$Command)
    if ($Name -match '[*?\[]') {
        throw "windows.ps1 does not play the wildcards of $Command -Name $Name."
    }
    if ($null -eq (Get-RuleText -Name $Name)) {
        throw (New-Failure -Id "CmdletizationQuery_NotFound_InstanceID,$Command" -Category ObjectNotFound -Message (
                "No MSFT_NetFirewallRule objects found with property 'InstanceID' equal to '$Name'.  " +
                'Verify the value of the property and retry.'))
    }
}

function New-NetFirewallRule {
    [CmdletBinding()]
    param(
        $PolicyStore, $GPOSession, $Name, [Parameter(Mandatory = $true)] $DisplayName, $Description, $Group, $Enabled,
        $Profile, $Platform, $Direction, $Action, $EdgeTraversalPolicy, $LooseSourceMapping, $LocalOnlyMapping, $Owner,
        $LocalAddress, $RemoteAddress, $Protocol, $LocalPort, $RemotePort, $IcmpType, $DynamicTarget, $Program, $Package,
        $Service, $InterfaceAlias, $InterfaceType, $LocalUser, $RemoteUser, $RemoteMachine, $Authentication, $Encryption,
        $OverrideBlockRules, $CimSession, $ThrottleLimit, [switch]$AsJob
    )
    Assert-Played -Name New-NetFirewallRule -Bound $PSBoundParameters -Played Name, DisplayName, Group, Enabled, Profile,
    Direction, Action, RemoteAddress, Protocol, LocalPort, Program
    Assert-Firewall -Command New-NetFirewallRule
    if ($null -ne (Get-RuleText -Name $Name)) {
        throw (New-Failure -Id 'Windows System Error 183,New-NetFirewallRule' -Category ResourceExists `
                -Message 'Cannot create a file when that file already exists. ')
    }
    Write-Rule -Name $Name -Text '' -Bound $PSBoundParameters
    [pscustomobject]@{ Name = $Name; DisplayName = $DisplayName; Status = 'The rule was parsed successfully from the store.' }
}

function Set-NetFirewallRule {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0)] $Name, $DisplayName, $DisplayGroup, $Group, $InputObject, $PolicyStore, $GPOSession,
        $NewDisplayName, $Description, $Enabled, $Profile, $Platform, $Direction, $Action, $EdgeTraversalPolicy,
        $LooseSourceMapping, $LocalOnlyMapping, $Owner, $LocalAddress, $RemoteAddress, $Protocol, $LocalPort, $RemotePort,
        $IcmpType, $DynamicTarget, $Program, $Package, $Service, $InterfaceAlias, $InterfaceType, $LocalUser, $RemoteUser,
        $RemoteMachine, $Authentication, $Encryption, $OverrideBlockRules, $CimSession, $ThrottleLimit, [switch]$AsJob,
        [switch]$PassThru
    )
    Assert-Played -Name Set-NetFirewallRule -Bound $PSBoundParameters -Played Name, NewDisplayName, Enabled, Profile,
    Direction, Action, RemoteAddress, Protocol, LocalPort, Program
    Assert-Firewall -Command Set-NetFirewallRule
    Assert-Rule -Name $Name -Command Set-NetFirewallRule
    Write-Rule -Name $Name -Text (Get-RuleText -Name $Name) -Bound $PSBoundParameters
}

function Remove-NetFirewallRule {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0)] $Name, [switch]$All, $DisplayName, $Description, $DisplayGroup, $Group, $Enabled,
        $Direction, $Action, $EdgeTraversalPolicy, $LooseSourceMapping, $LocalOnlyMapping, $Owner, $PrimaryStatus, $Status,
        $PolicyStoreSource, $PolicyStoreSourceType, $InputObject, $PolicyStore, $GPOSession, [switch]$TracePolicyStore,
        $CimSession, $ThrottleLimit, [switch]$AsJob, [switch]$PassThru
    )
    Assert-Played -Name Remove-NetFirewallRule -Bound $PSBoundParameters -Played Name
    Assert-Firewall -Command Remove-NetFirewallRule
    Assert-Rule -Name $Name -Command Remove-NetFirewallRule
    Remove-Place -Place 'registry', $global:FirewallRules, $Name
}
