$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$WarningPreference = 'SilentlyContinue'
Set-StrictMode -Version 2.0
# 5.1 hangs a Count property on every array, and ConvertTo-Json then writes {"value":[],"Count":0}.
Remove-TypeData -TypeName System.Array -ErrorAction SilentlyContinue
# Raw bytes: no code page and no line reading between the wire and us.
$stdin = [Console]::OpenStandardInput()
$bytes = New-Object -TypeName System.IO.MemoryStream
$stdin.CopyTo($bytes)
$packed = [Convert]::FromBase64String([Text.Encoding]::ASCII.GetString($bytes.ToArray()).Trim())
$source = New-Object -TypeName System.IO.MemoryStream -ArgumentList (, $packed)
$gzip = New-Object -TypeName System.IO.Compression.GZipStream -ArgumentList $source, ([IO.Compression.CompressionMode]::Decompress)
$reader = New-Object -TypeName System.IO.StreamReader -ArgumentList $gzip, ([Text.Encoding]::UTF8)
$request = ConvertFrom-Json -InputObject $reader.ReadToEnd()
foreach ($part in $request.runners) {
    . ([scriptblock]::Create($part))
}
Invoke-Request -Request $request
