# A small Windows made of functions, for scripts that run in a PowerShell engine anywhere. Dot-source it first.
# The machine is JSON in the form in which the lab keeps one. What is not played is an error that names it, and
# no command that is neither ours nor pure is ever looked up (windows/guard.ps1).
#
#   PROVISIONER_TEST_MACHINE   path of the machine's JSON. It is read once and never written. Without it no
#                              machine is there until somebody sets one (Set-Machine).
#   PROVISIONER_TEST_CHANGES   path of a file: each change is one JSON line appended at the moment of the change:
#                              {"place": [...], "value": ...}, {"place": [...], "drop": true} or
#                              {"restart": seconds} when shutdown.exe scheduled one, {"task": path and name} when a
#                              scheduled task was started. Without it nothing is written.
#                              tcp://127.0.0.1:PORT/TOKEN is a lab: each line waits for its answer.
#   PROVISIONER_TEST_NOW_MS    UTC, ms since 1970: real time stands still there. Without it real time runs.
#
# Some places of the machine are only for us: `language` (sv-SE, de-DE, fi-FI; else en-US), `wmi.missing`, the
# classes that a damaged repository does not know, `wmi.denied`, those that nobody may ask for, and `session`, whose
# token our process has (`sid`, `elevated`, `sixty_four_bit`).

$parts = @(
    'guard', 'machine', 'language', 'registry', 'files', 'content', 'system', 'cim', 'zone', 'services', 'power', 'host',
    'tasks', 'packages', 'network', 'accounts', 'users', 'profiles', 'firewall', 'proxy')
foreach ($part in $parts) {
    . ([IO.Path]::Combine($PSScriptRoot, 'windows', $part + '.ps1'))
}
if ($env:PROVISIONER_TEST_MACHINE) {
    # 5.1 attaches members to text that came from a cmdlet; a plain string keeps JSON plain.
    Set-Machine -Machine (ConvertFrom-Json -InputObject ([IO.File]::ReadAllText($env:PROVISIONER_TEST_MACHINE)))
}
Enter-Guard
