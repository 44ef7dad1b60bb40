param([string]$Verb, $Arguments)

# Value index, not /change: that one counts minutes and knows no GUIDs.
foreach ($row in $Arguments.settings) {
    if ($null -ne $row.ac) {
        $null = & powercfg.exe /setacvalueindex SCHEME_CURRENT $row.subgroup $row.setting $row.ac
        Assert-ExitCode -Program 'powercfg.exe'
    }
    if ($null -ne $row.dc) {
        $null = & powercfg.exe /setdcvalueindex SCHEME_CURRENT $row.subgroup $row.setting $row.dc
        Assert-ExitCode -Program 'powercfg.exe'
    }
}
# A value is only stored until its plan is made active again.
$null = & powercfg.exe /setactive SCHEME_CURRENT
Assert-ExitCode -Program 'powercfg.exe'
[ordered]@{}
