# A small Windows made of functions, for scripts that run in a PowerShell engine anywhere.
# The machine is JSON in the form in which the lab keeps one: path in PROVISIONER_TEST_MACHINE. Each change is
# one JSON line appended, at the moment of the change, to the file in PROVISIONER_TEST_CHANGES. With
# PROVISIONER_TEST_NOW_MS (UTC, ms since 1970) real time stands still there. What is not played is an error
# that names it.

$parts = 'machine', 'registry', 'files', 'content', 'system', 'cim', 'zone', 'services', 'power', 'guard'
foreach ($part in $parts) {
    . ([IO.Path]::Combine($PSScriptRoot, 'windows', $part + '.ps1'))
}
