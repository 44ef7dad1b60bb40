param([string]$Verb, $Arguments)

# ErrorAction everywhere: these commands are functions of a module and do not see the preference of ours.
if ($Verb -eq 'delete') {
    Remove-NetFirewallRule -Name $Arguments.name -ErrorAction Stop
    return [ordered]@{}
}
$rule = @{
    Name          = $Arguments.name
    Direction     = $Arguments.direction
    Protocol      = $Arguments.protocol
    LocalPort     = @($Arguments.local_ports)
    Profile       = @($Arguments.profiles)
    RemoteAddress = @($Arguments.remote_addresses)
    Action        = $Arguments.action
    Enabled       = $Arguments.enabled
    ErrorAction   = 'Stop'
}
if ($null -ne $Arguments.program) {
    $rule['Program'] = $Arguments.program
}
if ($Verb -eq 'create') {
    $null = New-NetFirewallRule @rule -DisplayName $Arguments.display_name -Group 'provisioner'
} elseif ($null -ne $Arguments.display_name) {
    Set-NetFirewallRule @rule -NewDisplayName $Arguments.display_name
} else {
    Set-NetFirewallRule @rule
}
[ordered]@{}
