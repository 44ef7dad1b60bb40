param($Arguments)

# Both names come from the registry: the API's name is cached at boot, and only here does a rename show
# before the restart.
$key = 'HKLM:\SYSTEM\CurrentControlSet\Control\ComputerName'
$system = Get-CimInstance -ClassName Win32_ComputerSystem -Property PartOfDomain
[ordered]@{
    active         = Get-RegistryValue -Key "$key\ActiveComputerName" -Name 'ComputerName'
    pending        = Get-RegistryValue -Key "$key\ComputerName" -Name 'ComputerName'
    part_of_domain = [bool]$system.PartOfDomain
}
