param([string]$Verb, $Arguments)

$key = 'HKLM:\SYSTEM\CurrentControlSet\Control\ComputerName'
$active = Get-RegistryValue -Key "$key\ActiveComputerName" -Name 'ComputerName'
if ($Arguments.name -eq $active) {
    # Rename-Computer refuses the name that is active now, also when another one is pending.
    $system = Get-CimInstance -ClassName Win32_ComputerSystem
    $answer = Invoke-CimMethod -InputObject $system -MethodName Rename -Arguments @{ Name = [string]$Arguments.name }
    if ($answer.ReturnValue -ne 0) {
        throw "Win32_ComputerSystem.Rename answered $($answer.ReturnValue)."
    }
} else {
    # Without -Force a longer name opens a question that nobody can answer over WinRM.
    Rename-Computer -NewName $Arguments.name -Force
}
[ordered]@{}
