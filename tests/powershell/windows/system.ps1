# Clock, the computer's name, restart: what the system itself answers.

function Get-MachineUtc {
    # The machine's clock, UTC, ms since 1970: real time, or where it was made to stand still, plus its offset.
    if ($env:PROVISIONER_TEST_NOW_MS) {
        $real = [long]$env:PROVISIONER_TEST_NOW_MS
    } else {
        $real = [long][Math]::Floor(([datetime]::UtcNow - [datetime]'1970-01-01').TotalMilliseconds)
    }
    $real + $global:SleptMs + [long](Get-Place -Place 'clock', 'offset_ms')
}

function Get-ZoneBias {
    # Minutes that UTC is ahead of local time.
    $bias = Get-Place -Place 'registry', 'HKLM\SYSTEM\CurrentControlSet\Control\TimeZoneInformation', 'ActiveTimeBias', 'data'
    $bias = [long]$bias
    if ($bias -gt [int]::MaxValue) { $bias -= 4294967296 }
    $bias
}

function New-MachineTime {
    # A local time as Windows hands it out. The engine's own zone may be another one than the machine's, so
    # the way back to UTC is the machine's too.
    param([long]$UtcMs)
    $utc = [datetime]::SpecifyKind(([datetime]'1970-01-01').AddMilliseconds($UtcMs), [DateTimeKind]::Utc)
    $local = [datetime]::SpecifyKind($utc.AddMinutes( - (Get-ZoneBias)), [DateTimeKind]::Local)
    $noted = [psobject]$local
    Add-Field -Node $noted -Name 'MachineUtc' -Value $utc
    $ways = @('ToFileTimeUtc', { $this.MachineUtc.ToFileTimeUtc() }), @('ToFileTime', { $this.MachineUtc.ToFileTimeUtc() }),
        @('ToUniversalTime', { $this.MachineUtc })
    foreach ($way in $ways) {
        $method = New-Object -TypeName System.Management.Automation.PSScriptMethod -ArgumentList $way[0], $way[1]
        $noted.PSObject.Methods.Add($method)
    }
    $noted
}

function Get-Date {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0)] $Date,
        $Year,
        $Month,
        $Day,
        $Hour,
        $Minute,
        $Second,
        $Millisecond,
        $DisplayHint,
        $Format,
        $UFormat
    )
    Assert-Played -Name Get-Date -Bound $PSBoundParameters -Played @()
    New-MachineTime -UtcMs (Get-MachineUtc)
}

function Set-MachineUtc {
    param([long]$Ms)
    Set-Place -Place 'clock', 'offset_ms' -Value ([long](Get-Place -Place 'clock', 'offset_ms') + $Ms - (Get-MachineUtc))
}

function Set-Date {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0)] $Date,
        $DisplayHint,
        [Parameter(Position = 1)] $Adjust
    )
    Assert-Played -Name Set-Date -Bound $PSBoundParameters -Played Date, Adjust
    if ($PSBoundParameters.ContainsKey('Adjust')) {
        Set-MachineUtc -Ms ((Get-MachineUtc) + [long]([timespan]$Adjust).TotalMilliseconds)
    } else {
        $local = [long][Math]::Floor(([datetime]$Date - [datetime]'1970-01-01').TotalMilliseconds)
        Set-MachineUtc -Ms ($local + (Get-ZoneBias) * 60000)
    }
    New-MachineTime -UtcMs (Get-MachineUtc)
}

function Start-Sleep {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0)] $Seconds,
        $Milliseconds
    )
    Assert-Played -Name Start-Sleep -Bound $PSBoundParameters -Played Seconds, Milliseconds
    $global:SleptMs += if ($PSBoundParameters.ContainsKey('Milliseconds')) { [long]$Milliseconds } else { [long]$Seconds * 1000 }
}

function Set-PendingName {
    # NetBIOS names are stored in upper case.
    param([string]$Name)
    $row = New-Object -TypeName PSCustomObject
    Add-Field -Node $row -Name 'type' -Value 'String'
    Add-Field -Node $row -Name 'data' -Value $Name.ToUpperInvariant()
    Set-Place -Place 'registry', 'HKLM\SYSTEM\CurrentControlSet\Control\ComputerName\ComputerName', 'ComputerName' -Value $row
}

function Rename-Computer {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0, Mandatory = $true)] $NewName,
        $ComputerName,
        [switch]$PassThru,
        $DomainCredential,
        $LocalCredential,
        [switch]$Force,
        [switch]$Restart,
        $WsmanAuthentication,
        $Protocol
    )
    Assert-Played -Name Rename-Computer -Bound $PSBoundParameters -Played NewName, Force
    $system = Get-ComputerSystemRow
    $id = 'FailToRenameComputer,Microsoft.PowerShell.Commands.RenameComputerCommand'
    if ($system.PartOfDomain) {
        throw (New-Failure -Id $id -Category OperationStopped -Message (
                "Fail to rename computer '$($system.Name)' to '$NewName' due to the following exception: Access is denied."))
    }
    if ($NewName -eq $system.Name) {
        throw (New-Failure -Id $id.Replace('FailToRenameComputer', 'NewNameIsOldName') -Category InvalidArgument `
                -Message "Skip computer '$NewName' with new name '$NewName' because the new name is the same as the current name.")
    }
    Set-PendingName -Name $NewName
}

function Invoke-CimMethod {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0)] $ClassName,
        [Parameter(Position = 1)] $Arguments,
        [Parameter(Position = 2, Mandatory = $true)] $MethodName,
        $ComputerName,
        $Namespace,
        $OperationTimeoutSec,
        $CimSession,
        $ResourceUri,
        [Parameter(Position = 3, ValueFromPipeline = $true)] $InputObject,
        [Parameter(Position = 4)] $CimClass,
        $Query,
        $QueryDialect
    )
    Assert-Played -Name Invoke-CimMethod -Bound $PSBoundParameters -Played InputObject, MethodName, Arguments
    if ($InputObject.CimClass.CimClassName -ne 'Win32_ComputerSystem' -or $MethodName -ne 'Rename') {
        throw "windows.ps1 does not play the CIM method $MethodName."
    }
    if ($InputObject.PartOfDomain) {
        return [pscustomobject]@{ ReturnValue = [uint32]5 }
    }
    Set-PendingName -Name $Arguments['Name']
    [pscustomobject]@{ ReturnValue = [uint32]0 }
}

function shutdown.exe {
    $line = $args -join ' '
    if ($line -notmatch '(?s)^/r /t (-?\d+) /c (.*) /d p:4:1$') {
        throw "windows.ps1 does not play shutdown.exe $line."
    }
    # Its help: at most ten years and 512 characters.
    if ([decimal]$Matches[1] -lt 0 -or [decimal]$Matches[1] -gt 315360000 -or $Matches[2].Length -gt 512) {
        $global:LASTEXITCODE = 1
        return
    }
    # 1190: a restart is scheduled already.
    if ($null -ne $global:RestartSeconds) {
        $global:LASTEXITCODE = 1190
        return
    }
    $global:RestartSeconds = [int]$Matches[1]
    Write-Change -Change ([ordered]@{ restart = $global:RestartSeconds })
    $global:LASTEXITCODE = 0
}
