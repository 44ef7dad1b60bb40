param([string]$Verb, $Arguments)

$folder = 'C:\Program Files\provisioner\install'
$copy = "$folder\package.msi"
$log = "$folder\install.log"
$task = 'provisioner-install'

function Clear-Rest {
    foreach ($old in @(Get-ScheduledTask | Where-Object -FilterScript { $_.TaskName -eq $task })) {
        if ($old.State -eq 'Running') {
            throw 'An installation that was begun earlier still runs. Apply again when it has ended.'
        }
        Unregister-ScheduledTask -TaskPath '\' -TaskName $task -Confirm:$false
    }
    if (Test-Path -LiteralPath $folder) {
        Remove-Item -LiteralPath $folder -Recurse -Force
    }
}

function Copy-Package {
    if (-not (Test-Path -LiteralPath $Arguments.path)) {
        throw "The package $($Arguments.path) is not there."
    }
    $null = New-Item -Path $folder -ItemType Directory -Force
    # The copy is what is looked at and what is installed: where it lies nobody can change it in between.
    Copy-Item -LiteralPath $Arguments.path -Destination $copy -Force
    $hash = (Get-FileHash -LiteralPath $copy -Algorithm SHA256).Hash
    if ($hash -ne $Arguments.sha256) {
        throw "The package has another SHA-256 than declared: $($hash.ToLowerInvariant())."
    }
    $signature = Get-AuthenticodeSignature -LiteralPath $copy
    if ($signature.Status -ne 'Valid') {
        throw "The signature of the package is not valid: $($signature.Status)."
    }
    if ($signature.SignerCertificate.Subject -notmatch '(^|, )(CN|O)="?Axis Communications\b') {
        throw "The package is not signed by Axis Communications but by $($signature.SignerCertificate.Subject)."
    }
}

function Start-Installation {
    # As the system: a session over the network has too little memory for the Windows Installer.
    $line = "/i `"$copy`" /qn /norestart /l*v `"$log`" $($Arguments.properties -join ' ')"
    $row = @{
        TaskName  = $task
        TaskPath  = '\'
        Action    = New-ScheduledTaskAction -Execute 'msiexec.exe' -Argument $line
        Principal = New-ScheduledTaskPrincipal -UserId 'S-1-5-18' -LogonType ServiceAccount -RunLevel Highest
        Settings  = New-ScheduledTaskSettingsSet -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries -StartWhenAvailable -ExecutionTimeLimit ([TimeSpan]::Zero)
    }
    $null = Register-ScheduledTask @row
    Start-ScheduledTask -TaskPath '\' -TaskName $task
}

function Wait-Installation {
    for ($waited = 5; $waited -le $Arguments.most_seconds; $waited += 5) {
        Start-Sleep -Seconds 5
        $now = Get-ScheduledTask -TaskPath '\' -TaskName $task
        $result = (Get-ScheduledTaskInfo -TaskPath '\' -TaskName $task).LastTaskResult
        # 267011: it has not begun yet; 267009: it runs.
        if ($now.State -ne 'Running' -and $now.State -ne 'Queued' -and $result -ne 267011 -and $result -ne 267009) {
            return $result
        }
        if ($waited % 60 -eq 0) {
            Write-SignOfLife
        }
    }
    throw "The installation has not ended after $($Arguments.most_seconds / 60) minutes, and goes on. Plan again later; its log is $log."
}

function Assert-Installed {
    param($Code)
    if ($Code -eq 3010 -or $Code -eq 1641) {
        # The whole tree HARDWARE is made anew at each start: the restart takes the mark away.
        Set-RegistryValue -Key 'HKLM:\HARDWARE\DESCRIPTION\System' -Name 'ProvisionerRestartPending' -Type 'String' -Value 'camera_station'
    } elseif ($Code -eq 1618) {
        throw 'Another installation is running on the machine. Apply again when it has ended.'
    } elseif ($Code -eq 1638) {
        throw 'Another version of the product is installed that this package does not replace. Remove it at the machine, then apply again.'
    } elseif ($Code -ne 0) {
        throw "msiexec.exe ended with $Code. Its log is $log."
    }
}

Clear-Rest
try {
    Copy-Package
    Start-Installation
} catch {
    Clear-Rest
    throw
}
$code = Wait-Installation
Unregister-ScheduledTask -TaskPath '\' -TaskName $task -Confirm:$false
Remove-Item -LiteralPath $copy -Force
Assert-Installed -Code $code
Clear-Rest
[ordered]@{}
