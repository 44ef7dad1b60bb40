# Runs a batch of writes under the machine's mutex, keeps the run file, then answers the asks.
# Sent only by a link that was built for changing; it follows ask.ps1 and replaces Invoke-Request.

function Set-RegistryValue {
    param([string]$Key, [string]$Name, [string]$Type, $Value)
    if (-not (Test-Path -LiteralPath $Key)) {
        $null = New-Item -Path $Key -Force
    }
    $null = New-ItemProperty -LiteralPath $Key -Name $Name -PropertyType $Type -Value $Value -Force
}

function Remove-RegistryValue {
    param([string]$Key, [string]$Name)
    if ($null -ne (Get-RegistryValue -Key $Key -Name $Name)) {
        Remove-ItemProperty -LiteralPath $Key -Name $Name
    }
}

function Assert-ExitCode {
    param([string]$Program)
    if ($LASTEXITCODE -ne 0) {
        throw "$Program ended with $LASTEXITCODE."
    }
}

function Enter-Mutex {
    param([string]$Name)
    # The system frees it with our process, whatever kills that: nothing stays locked.
    try {
        $mutex = New-Object -TypeName System.Threading.Mutex -ArgumentList $false, $Name
    } catch {
        # One that another account made may be closed to us; it is there, so that account's run holds it.
        if ($_.Exception.GetBaseException() -isnot [System.UnauthorizedAccessException]) {
            throw
        }
        return $null
    }
    try {
        $mine = $mutex.WaitOne(0)
    } catch [System.Threading.AbandonedMutexException] {
        $mine = $true
    }
    if ($mine) {
        return $mutex
    }
    $mutex.Dispose()
    return $null
}

function Save-Text {
    # To the disk and not only to its cache: what takes a change back must be there after a cut of the power.
    param([string]$Path, [string]$Value)
    $bytes = (New-Object -TypeName System.Text.UTF8Encoding -ArgumentList $false).GetBytes($Value + "`r`n")
    $file = New-Object -TypeName System.IO.FileStream -ArgumentList $Path, 'Create'
    try {
        $file.Write($bytes, 0, $bytes.Length)
        $file.Flush($true)
    } finally {
        $file.Dispose()
    }
}

function Initialize-Folder {
    param([string]$Path)
    if (-not (Test-Path -LiteralPath $Path)) {
        $null = New-Item -Path $Path -ItemType Directory -Force
    }
    # Administrators and the system by SID, since their names are translated; nothing inherited. Also where
    # the folder is there: a run may have ended between the two lines.
    $null = & icacls.exe $Path /inheritance:r /grant:r '*S-1-5-32-544:(OI)(CI)F' '*S-1-5-18:(OI)(CI)F'
    Assert-ExitCode -Program 'icacls.exe'
}

function Add-GroupMemberSid {
    param([string]$Group, [string]$Member)
    $entry = Get-GroupEntry -Group $Group
    try {
        $null = $entry.psbase.Invoke('Add', "WinNT://$Member")
    } catch {
        # 1378: it is a member already, which is what we want.
        $cause = $_.Exception.GetBaseException()
        if ($cause.HResult -ne 0x80070562) {
            throw "$Member cannot become a member of $Group`: $($cause.Message)"
        }
    }
}

function Remove-GroupMemberSid {
    param([string]$Group, [string]$Member)
    $entry = Get-GroupEntry -Group $Group
    try {
        $null = $entry.psbase.Invoke('Remove', "WinNT://$Member")
    } catch {
        # 1377: it is no member, which is what we want.
        $cause = $_.Exception.GetBaseException()
        if ($cause.HResult -ne 0x80070561) {
            throw "$Member cannot be taken out of $Group`: $($cause.Message)"
        }
    }
}

function Assert-AdministratorLeft {
    param($Add, $Remove)
    # Who goes may be disabled alone. The plan has looked already; somebody may have taken rights away since.
    $before = @(Get-GroupMemberSid -Group 'S-1-5-32-544')
    $after = @($before | Where-Object -FilterScript { $Remove -notcontains $_ }) + @($Add)
    $enabled = @(Get-LocalUser | Where-Object -FilterScript { $_.Enabled } | ForEach-Object -Process { $_.SID.Value })
    $had = @($before | Where-Object -FilterScript { $enabled -contains $_ })
    $left = @($after | Where-Object -FilterScript { $enabled -contains $_ })
    if ($had.Count -gt 0 -and $left.Count -eq 0) {
        throw 'No enabled administrator of its own would remain on the machine.'
    }
}

function Set-MustChange {
    param([string]$Name, [bool]$Wanted)
    # No command has it.
    $user = [ADSI]"WinNT://./$Name,user"
    $user.PasswordExpired = [int]$Wanted
    $user.SetInfo()
}

function New-Salt {
    $bytes = New-Object -TypeName byte[] -ArgumentList 16
    $source = [Security.Cryptography.RandomNumberGenerator]::Create()
    $source.GetBytes($bytes)
    $source.Dispose()
    [BitConverter]::ToString($bytes).Replace('-', '').ToLowerInvariant()
}

function Get-SlowDigest {
    # PBKDF2 with HMAC-SHA-256; salt and answer as hex.
    param([string]$Text, [string]$Salt, [int]$Iterations)
    $bytes = [byte[]]@(for ($at = 0; $at -lt $Salt.Length; $at += 2) { [Convert]::ToByte($Salt.Substring($at, 2), 16) })
    $hash = [Security.Cryptography.HashAlgorithmName]::SHA256
    # .NET 4.7.2 is the first that takes the hash; an older one must not make a weaker digest.
    $slow = New-Object -TypeName System.Security.Cryptography.Rfc2898DeriveBytes -ArgumentList $Text, $bytes, $Iterations, $hash
    $digest = $slow.GetBytes(32)
    $slow.Dispose()
    [BitConverter]::ToString($digest).Replace('-', '').ToLowerInvariant()
}

function Write-SignOfLife {
    # For a step that takes long: the controller gives up on a host that says nothing of use.
    Write-Frame -Content ([ordered]@{ type = 'working' })
}

function Add-RunLine {
    param($Request, $Content)
    $line = ConvertTo-Json -InputObject $Content -Depth 20 -Compress
    Add-Content -LiteralPath $Request.run_file -Value $line -Encoding UTF8
}

function Get-FieldValue {
    param($Content, [string]$Name)
    $field = $Content.PSObject.Properties[$Name]
    if ($null -eq $field) {
        return $null
    }
    # With the comma, since a list of none or one would be unrolled on its way out.
    return , $field.Value
}

function Test-Same {
    param($Was, $Now)
    # In a field, since 5.1 writes nothing for a null alone. Ordinal, since -ceq looks past invisible characters.
    $old = ConvertTo-Json -InputObject @{ field = $Was } -Depth 20 -Compress
    $new = ConvertTo-Json -InputObject @{ field = $Now } -Depth 20 -Compress
    [string]::Equals($old, $new, [StringComparison]::Ordinal)
}

function Get-MovedField {
    param($Was, $Now, [string]$Name)
    if ($Was -is [System.Management.Automation.PSCustomObject] -and $Now -is [System.Management.Automation.PSCustomObject]) {
        $names = @($Was.PSObject.Properties | ForEach-Object -Process { $_.Name })
        $names += @($Now.PSObject.Properties | ForEach-Object -Process { $_.Name })
        foreach ($field in ($names | Select-Object -Unique)) {
            if ($field -eq 'aside') {
                # What a plan must know and no step rests on: an earlier step of the same run may change it.
                continue
            }
            $path = if ($Name) { "$Name.$field" } else { $field }
            $old = Get-FieldValue -Content $Was -Name $field
            $new = Get-FieldValue -Content $Now -Name $field
            Get-MovedField -Was $old -Now $new -Name $path
        }
    } elseif ($Was -is [array] -and $Now -is [array] -and $Was.Count -eq $Now.Count) {
        # One by one, so that the order of an object's fields means nothing in a list either.
        for ($place = 0; $place -lt $Was.Count; $place++) {
            Get-MovedField -Was $Was[$place] -Now $Now[$place] -Name $Name
        }
    } elseif (-not (Test-Same -Was $Was -Now $Now)) {
        $Name
    }
}

function Invoke-Step {
    param($Request, $Step)
    $now = Invoke-Ask -Request $Request -Ask $Step.ask
    # Through JSON, so that both sides went the same way: numbers, nulls and lists of one compare alike.
    $now = ConvertFrom-Json -InputObject (ConvertTo-Json -InputObject $now -Depth 20 -Compress)
    $moved = @(Get-MovedField -Was $Step.rests_on -Now $now -Name '' | Select-Object -Unique)
    if ($moved.Count -gt 0) {
        return [ordered]@{ type = 'step'; id = $Step.id; state = 'moved'; moved = $moved }
    }
    $script = [scriptblock]::Create($Request.scripts.($Step.script + '.write'))
    $null = & $script -Verb $Step.verb -Arguments $Step.arguments
    [ordered]@{ type = 'step'; id = $Step.id; state = 'done' }
}

function Get-StepResult {
    param($Request, $Step, $States)
    foreach ($need in $Step.needs) {
        if ($States[$need] -ne 'done') {
            return [ordered]@{ type = 'step'; id = $Step.id; state = 'skipped'; needs = $need }
        }
    }
    try {
        Invoke-Step -Request $Request -Step $Step
    } catch {
        [ordered]@{ type = 'step'; id = $Step.id; state = 'failed'; error = (Get-ErrorFact -ErrorRecord $_) }
    }
}

function Write-Applied {
    param($Request, $States)
    $items = [ordered]@{}
    foreach ($entry in $Request.applied.items.PSObject.Properties) {
        if (-not $States.ContainsKey($entry.Name) -or $States[$entry.Name] -eq 'done') {
            $items[$entry.Name] = $entry.Value
        }
    }
    $record = [ordered]@{ run = $Request.run; commit = $Request.applied.commit; items = $items }
    $json = ConvertTo-Json -InputObject $record -Depth 20 -Compress
    # Beside it and moved over it: a power cut leaves the old record, the new one or none, never half of one.
    Set-Content -LiteralPath ($Request.applied_file + '.new') -Value $json -Encoding UTF8
    Move-Item -LiteralPath ($Request.applied_file + '.new') -Destination $Request.applied_file -Force
}

function Invoke-Batch {
    param($Request)
    $left = @(Get-TextLine -Path $Request.run_file)
    if ($left.Count -gt 0) {
        Write-Frame -Content ([ordered]@{ type = 'left_over'; lines = $left })
        Remove-Item -LiteralPath $Request.run_file
    }
    if (@($Request.steps).Count -eq 0) {
        return
    }
    Initialize-Folder -Path $Request.folder
    Add-RunLine -Request $Request -Content ([ordered]@{ run = $Request.run; steps = @($Request.steps).Count })
    $states = @{}
    foreach ($step in $Request.steps) {
        $result = Get-StepResult -Request $Request -Step $step -States $states
        $states[$step.id] = $result.state
        Add-RunLine -Request $Request -Content $result
        Write-Frame -Content $result
    }
    if ($null -ne $Request.applied -and $states.ContainsValue('done')) {
        Write-Applied -Request $Request -States $states
    }
}

function Invoke-Request {
    param($Request)
    $guid = Get-RegistryValue -Key 'HKLM:\SOFTWARE\Microsoft\Cryptography' -Name 'MachineGuid'
    if ($guid -ne $Request.machine_guid) {
        # Another machine answers at this address now: nothing that was planned holds here.
        Write-Frame -Content ([ordered]@{ type = 'other_machine'; machine_guid = $guid })
        return
    }
    $mutex = Enter-Mutex -Name ('Global\provisioner-' + $guid)
    if ($null -eq $mutex) {
        Write-Frame -Content ([ordered]@{ type = 'held'; lines = @(Get-TextLine -Path $Request.run_file) })
        return
    }
    try {
        try {
            Invoke-Batch -Request $Request
        } catch {
            # A folder that cannot be made, a full disk: no step's fault, and no lost connection.
            Write-Frame -Content ([ordered]@{ type = 'failed'; error = (Get-ErrorFact -ErrorRecord $_) })
            return
        }
        Write-Answer -Request $Request
    } finally {
        $mutex.ReleaseMutex()
        $mutex.Dispose()
    }
}
