param([string]$Verb, $Arguments)

if ($null -ne $Arguments.start) {
    # Not Set-Service: in 5.1 it knows no delayed start, and leaves one delayed.
    $null = & sc.exe config $Arguments.name 'start=' $Arguments.start
    Assert-ExitCode -Program 'sc.exe'
}
# Both wait until it is so.
if ($Arguments.running -eq $true) {
    Start-Service -Name $Arguments.name
}
if ($Arguments.running -eq $false) {
    # Never -Force: it would stop what depends on it without a word.
    Stop-Service -Name $Arguments.name
}
[ordered]@{}
