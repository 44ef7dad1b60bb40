param($Arguments)

$services = 'HKLM:\SYSTEM\CurrentControlSet\Services'
$filter = @(foreach ($wanted in $Arguments.services) { "Name = '$($wanted.name)'" }) -join ' OR '
$rows = @{}
# Not Get-Service: in 5.1 it does not tell a delayed start, and a service that is not there is its error.
foreach ($row in (Get-CimInstance -ClassName Win32_Service -Filter $filter -Property 'Name', 'StartMode', 'State', 'DelayedAutoStart')) {
    $rows[$row.Name] = $row
}
$found = [ordered]@{}
foreach ($wanted in $Arguments.services) {
    $row = $rows[$wanted.name]
    if ($null -eq $row) {
        $found[$wanted.name] = $null
        continue
    }
    $dependents = $null
    if ($wanted.dependents) {
        $service = Get-Service -Name $wanted.name
        $running = @($service.DependentServices | Where-Object -FilterScript { $null -ne $_ -and $_.Status -ne 'Stopped' })
        $dependents = @($running | ForEach-Object -Process { [string]$_.Name } | Sort-Object)
    }
    $found[$wanted.name] = [ordered]@{
        start      = [string]$row.StartMode
        delayed    = [bool]$row.DelayedAutoStart
        state      = [string]$row.State
        # The service control manager keeps triggers here; sc.exe tells them in the system's language.
        triggered  = [bool](Test-Path -LiteralPath "$services\$($wanted.name)\TriggerInfo\0")
        dependents = $dependents
    }
}
[ordered]@{ services = $found }
