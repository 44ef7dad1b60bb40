# The machine's state, the record of changes, and failures as Windows words them.

function Set-Machine {
    # Another machine, freshly started.
    param($Machine)
    $global:MachineState = $Machine
    $global:SleptMs = [long]0
    $global:RestartSeconds = $null
    $global:StartedTasks = @()
    $global:LASTEXITCODE = 0
    Enter-Language
}

function Get-Place {
    param([string[]]$Place)
    $node = $global:MachineState
    if ($null -eq $node) {
        throw 'windows.ps1 has no machine: set PROVISIONER_TEST_MACHINE.'
    }
    foreach ($key in $Place) {
        if ($null -eq $node -or $node -isnot [System.Management.Automation.PSCustomObject]) {
            return $null
        }
        $found = $node.PSObject.Properties[$key]
        if ($null -eq $found) {
            return $null
        }
        $node = $found.Value
    }
    return , $node
}

function Get-PlaceName {
    # Names of what lies at a place, in their order.
    param([string[]]$Place)
    $node = Get-Place -Place $Place
    if ($node -is [System.Management.Automation.PSCustomObject]) {
        foreach ($property in $node.PSObject.Properties) {
            $property.Name
        }
    }
}

function Write-Change {
    param($Change)
    $line = ConvertTo-Json -InputObject $Change -Depth 20 -Compress
    if ($env:PROVISIONER_TEST_CHANGES -like 'tcp:*') {
        $answer = Send-Lab -Line $line
        if ($answer.reload) {
            $global:MachineState = ConvertFrom-Json -InputObject ([IO.File]::ReadAllText($env:PROVISIONER_TEST_MACHINE))
        }
    } elseif ($env:PROVISIONER_TEST_CHANGES) {
        [IO.File]::AppendAllText($env:PROVISIONER_TEST_CHANGES, $line + "`n")
    }
}

$global:LabReader = $null

function Send-Lab {
    # One line to the lab, and its answer: it has applied the change by then, and lets us go on.
    param([string]$Line)
    if ($null -eq $global:LabReader) {
        $address = [uri]$env:PROVISIONER_TEST_CHANGES
        $client = New-Object -TypeName System.Net.Sockets.TcpClient -ArgumentList $address.Host, $address.Port
        $client.NoDelay = $true
        $plain = New-Object -TypeName System.Text.UTF8Encoding -ArgumentList $false
        $global:LabReader = New-Object -TypeName System.IO.StreamReader -ArgumentList $client.GetStream(), $plain
        $global:LabWriter = New-Object -TypeName System.IO.StreamWriter -ArgumentList $client.GetStream(), $plain
        $global:LabWriter.Write($address.AbsolutePath.TrimStart('/') + "`n")
    }
    $global:LabWriter.Write($Line + "`n")
    $global:LabWriter.Flush()
    $answer = $global:LabReader.ReadLine()
    if ($null -eq $answer) {
        throw 'The lab has gone.'
    }
    ConvertFrom-Json -InputObject $answer
}

function Confirm-Script {
    # Put in front of a script that an injected fault of the lab waits for.
    param([string]$Name)
    $answer = Send-Lab -Line (ConvertTo-Json -InputObject @{ script = $Name } -Compress)
    if ($null -ne $answer.message) {
        throw (New-Failure -Id 'InjectedFault' -Category OperationStopped -Message $answer.message)
    }
}

function Set-Place {
    param([string[]]$Place, $Value)
    $node = $global:MachineState
    foreach ($key in $Place[0..($Place.Count - 2)]) {
        if ($null -eq $node.PSObject.Properties[$key]) {
            Add-Field -Node $node -Name $key -Value (New-Object -TypeName PSCustomObject)
        }
        $node = $node.PSObject.Properties[$key].Value
    }
    $last = $Place[-1]
    if ($null -eq $node.PSObject.Properties[$last]) {
        Add-Field -Node $node -Name $last -Value $Value
    } else {
        $node.PSObject.Properties[$last].Value = $Value
    }
    Write-Change -Change ([ordered]@{ place = $Place; value = $Value })
}

function Add-Field {
    param($Node, [string]$Name, $Value)
    $field = New-Object -TypeName System.Management.Automation.PSNoteProperty -ArgumentList $Name, $Value
    $Node.PSObject.Properties.Add($field)
}

function Remove-Place {
    param([string[]]$Place)
    $node = Get-Place -Place $Place[0..($Place.Count - 2)]
    $node.PSObject.Properties.Remove($Place[-1])
    Write-Change -Change ([ordered]@{ place = $Place; drop = $true })
}

function New-Failure {
    # An error record with a real cmdlet's full id: a function's own error would carry the function's name.
    param([string]$Id, [string]$Message, [string]$Category)
    $exception = New-Object -TypeName System.Management.Automation.RuntimeException -ArgumentList $Message
    New-Object -TypeName System.Management.Automation.ErrorRecord -ArgumentList $exception, $Id, $Category, $null
}

function Assert-Played {
    # A parameter that Windows knows but nothing here plays must not look like success.
    param([string]$Name, $Bound, [string[]]$Played)
    foreach ($key in $Bound.Keys) {
        if ($Played -notcontains $key -and $key -ne 'ErrorAction') {
            throw "windows.ps1 does not play $Name -$key."
        }
    }
}

function Get-GivenPath {
    param([string]$Name, $Bound)
    if ($Bound.ContainsKey('LiteralPath')) {
        return [string]$Bound['LiteralPath']
    }
    $path = [string]$Bound['Path']
    if ($path -match '[\[\]*?]') {
        throw "windows.ps1 does not play the wildcards of $Name -Path $path."
    }
    return $path
}

function Test-RegistryPath {
    # True for the registry, false for drives C and D; any other root is an error.
    param([string]$Path)
    if ($Path -match '^(HKLM:|Registry::HKEY_USERS)\\.') {
        return $true
    }
    if ($Path -match '^[CD]:\\.') {
        return $false
    }
    throw "windows.ps1 does not play the path $Path."
}

function Test-PathBelow {
    # Whether a place (key or folder) is listed, or something below it is.
    param([string]$Room, [string]$Path)
    $prefix = $Path + '\'
    foreach ($name in @(Get-PlaceName -Place $Room)) {
        if ($name -eq $Path -or $name.StartsWith($prefix, [StringComparison]::OrdinalIgnoreCase)) {
            return $true
        }
    }
    return $false
}
