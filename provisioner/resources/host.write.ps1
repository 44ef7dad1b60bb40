param([string]$Verb, $Arguments)

# The delay lets this answer leave before the network goes. p:4:1 is "planned, application, maintenance".
$null = & shutdown.exe /r /t $Arguments.delay_seconds /c $Arguments.reason /d p:4:1
# 1190: a restart is scheduled already; 1115: one is under way. Both give us the restart we want.
if ($LASTEXITCODE -ne 0 -and $LASTEXITCODE -ne 1190 -and $LASTEXITCODE -ne 1115) {
    throw "shutdown.exe ended with $LASTEXITCODE."
}
[ordered]@{}
