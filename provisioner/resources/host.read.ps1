param($Arguments)

$names = 'HKLM:\SYSTEM\CurrentControlSet\Control\ComputerName\ActiveComputerName'
$system = Get-CimInstance -ClassName Win32_OperatingSystem -Property LastBootUpTime
# 's' is the time format that no culture's separators or calendar touch.
[ordered]@{
    machine_guid  = Get-RegistryValue -Key 'HKLM:\SOFTWARE\Microsoft\Cryptography' -Name 'MachineGuid'
    computer_name = Get-RegistryValue -Key $names -Name 'ComputerName'
    boot_filetime = $system.LastBootUpTime.ToFileTimeUtc()
    local_time    = (Get-Date).ToString('s')
    run_file      = @(Get-TextLine -Path 'C:\Program Files\provisioner\run.jsonl')
    network_change = (@(Get-TextLine -Path 'C:\Program Files\provisioner\network\state.json') -join '')
    applied       = (@(Get-TextLine -Path 'C:\Program Files\provisioner\applied.json') -join '')
}
