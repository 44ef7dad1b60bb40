param([string]$Verb, $Arguments)

$folder = 'C:\Program Files\provisioner'

function Get-PasswordMarker {
    # By SID. What a damaged file said is made anew with the next password.
    $kept = $null
    $text = @(Get-TextLine -Path "$folder\passwords.json") -join ''
    try {
        $kept = ConvertFrom-Json -InputObject $text
    } catch {
        $kept = $null
    }
    $markers = [ordered]@{}
    if ($kept -is [System.Management.Automation.PSCustomObject]) {
        foreach ($row in $kept.PSObject.Properties) {
            $markers[$row.Name] = $row.Value
        }
    }
    $markers
}

function Write-PasswordMarker {
    param($Markers)
    if ($Markers.Count -eq 0) {
        Remove-Item -LiteralPath "$folder\passwords.json" -Force
        return
    }
    # For administrators alone, since a digest can be tried against guesses.
    Initialize-Folder -Path $folder
    $json = ConvertTo-Json -InputObject $Markers -Depth 20 -Compress
    Set-Content -LiteralPath "$folder\passwords.json.new" -Value $json -Encoding UTF8
    Move-Item -LiteralPath "$folder\passwords.json.new" -Destination "$folder\passwords.json" -Force
}

function New-PasswordMarker {
    param($Arguments)
    if ($null -eq $Arguments.password) {
        return $null
    }
    $salt = New-Salt
    [ordered]@{
        password_last_set = $null
        salt              = $salt
        iterations        = $Arguments.iterations
        digest            = (Get-SlowDigest -Text $Arguments.password -Salt $salt -Iterations $Arguments.iterations)
    }
}

function Get-LastSet {
    param([string]$Sid)
    # Null where the next logon asks for a new password.
    $user = Get-LocalUser -SID $Sid
    if ($null -eq $user.PasswordLastSet) {
        return $null
    }
    $user.PasswordLastSet.ToFileTimeUtc()
}

function Set-Account {
    # What is null is not declared, or is so already.
    param([string]$Sid, [string]$Name, $Arguments)
    $given = @{}
    if ($null -ne $Arguments.full_name) { $given['FullName'] = $Arguments.full_name }
    if ($null -ne $Arguments.description) { $given['Description'] = $Arguments.description }
    if ($null -ne $Arguments.password_never_expires) { $given['PasswordNeverExpires'] = $Arguments.password_never_expires }
    if ($null -ne $Arguments.user_cannot_change_password) {
        $given['UserMayChangePassword'] = -not $Arguments.user_cannot_change_password
    }
    if ($given.Count -gt 0) {
        Set-LocalUser -SID $Sid @given
    }
    if ($Arguments.enabled -eq $true) { Enable-LocalUser -SID $Sid }
    if ($Arguments.enabled -eq $false) { Disable-LocalUser -SID $Sid }
    if ($Arguments.administrator -eq $true) { Add-GroupMemberSid -Group 'S-1-5-32-544' -Member $Sid }
    if ($Arguments.administrator -eq $false) { Remove-GroupMemberSid -Group 'S-1-5-32-544' -Member $Sid }
    if ($null -ne $Arguments.must_change_password) {
        # One that is too old has the flag too, but keeps its moment.
        $must = (Get-UserFlag -Name $Name).password_expired -ne 0 -and $null -eq (Get-LastSet -Sid $Sid)
        if ($must -ne $Arguments.must_change_password) {
            Set-MustChange -Name $Name -Wanted $Arguments.must_change_password
        }
    }
}

function Save-Marker {
    # Last of all: the duty to change a password counts as setting it.
    param([string]$Sid, $Markers, $Marker)
    $Marker.password_last_set = Get-LastSet -Sid $Sid
    $Markers[$Sid] = $Marker
    Write-PasswordMarker -Markers $Markers
}

function New-Account {
    param($Arguments)
    $markers = Get-PasswordMarker
    # Before anything is written: an old .NET cannot make it.
    $marker = New-PasswordMarker -Arguments $Arguments
    $password = ConvertTo-SecureString -String $Arguments.password -AsPlainText -Force
    $sid = (New-LocalUser -Name $Arguments.name -Password $password).SID.Value
    try {
        # New-LocalUser joins no group, and then nobody sees the account where people log on.
        Add-GroupMemberSid -Group 'S-1-5-32-545' -Member $sid
        Set-Account -Sid $sid -Name $Arguments.name -Arguments $Arguments
        Save-Marker -Sid $sid -Markers $markers -Marker $marker
    } catch {
        # Half of an account would look like one that somebody made.
        Remove-LocalUser -SID $sid
        throw
    }
}

function Edit-Account {
    param($Arguments)
    $sid = $Arguments.sid
    $markers = Get-PasswordMarker
    $marker = New-PasswordMarker -Arguments $Arguments
    $before = Get-LastSet -Sid $sid
    if ($Arguments.enabled -eq $false -or $Arguments.administrator -eq $false) {
        Assert-AdministratorLeft -Add @() -Remove $sid
    }
    if ($null -ne $marker) {
        $password = ConvertTo-SecureString -String $Arguments.password -AsPlainText -Force
        # Set-LocalUser was seen to fail with this flag; here it does not matter why it is set.
        if ((Get-UserFlag -Name $Arguments.name).password_expired -ne 0) {
            Set-MustChange -Name $Arguments.name -Wanted $false
        }
        Set-LocalUser -SID $sid -Password $password
    } elseif ($null -ne $markers[$sid] -and (Get-FieldValue -Content $markers[$sid] -Name 'password_last_set') -eq $before) {
        $marker = $markers[$sid]
    }
    Set-Account -Sid $sid -Name $Arguments.name -Arguments $Arguments
    if ($null -ne $marker -and ($null -ne $Arguments.password -or (Get-LastSet -Sid $sid) -ne $before)) {
        Save-Marker -Sid $sid -Markers $markers -Marker $marker
    }
}

function Remove-Account {
    param($Arguments)
    $sid = $Arguments.sid
    Assert-AdministratorLeft -Add @() -Remove $sid
    if ($Arguments.delete_profile) {
        # First, since it fails while somebody uses it; without its account nobody would find it again.
        foreach ($row in @(Get-CimInstance -ClassName Win32_UserProfile | Where-Object -FilterScript { $_.SID -eq $sid })) {
            Remove-CimInstance -InputObject $row
        }
    }
    Remove-LocalUser -SID $sid
    $markers = Get-PasswordMarker
    if ($markers.Contains($sid)) {
        $markers.Remove($sid)
        Write-PasswordMarker -Markers $markers
    }
}

switch ($Verb) {
    'create' { New-Account -Arguments $Arguments }
    'update' { Edit-Account -Arguments $Arguments }
    'delete' { Remove-Account -Arguments $Arguments }
}
[ordered]@{}
