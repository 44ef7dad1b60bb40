param($Arguments)

function Test-Name {
    # Not with -eq: it takes other letters for the same, and looks past invisible ones.
    param([string]$Left, [string]$Right)
    [string]::Equals($Left, $Right, [StringComparison]::OrdinalIgnoreCase)
}

$text = @(Get-TextLine -Path 'C:\Program Files\provisioner\passwords.json') -join ''
$kept = $null
try {
    $kept = ConvertFrom-Json -InputObject $text
} catch {
    # Nothing in it, or damaged: no password is known to be ours.
    $kept = $null
}
$accounts = @(Get-LocalUser)
$administrators = @(Get-GroupMemberSid -Group 'S-1-5-32-544')
# Accounts and groups share their names.
$groups = @(Get-LocalGroup)
$profiles = @()
if (@($Arguments.users | Where-Object -FilterScript { $_.profile }).Count -gt 0) {
    $profiles = @(Get-CimInstance -ClassName Win32_UserProfile -Property SID, LocalPath, Loaded)
}
$users = [ordered]@{}
$taken = [ordered]@{}
foreach ($asked in $Arguments.users) {
    $users[$asked.name] = $null
    $taken[$asked.name] = $null
    foreach ($group in @($groups | Where-Object -FilterScript { Test-Name -Left $_.Name -Right $asked.name })) {
        $taken[$asked.name] = $group.SID.Value
    }
    $found = @($accounts | Where-Object -FilterScript { Test-Name -Left $_.Name -Right $asked.name })
    foreach ($account in $found) {
        $sid = $account.SID.Value
        $flag = Get-UserFlag -Name $account.Name
        $marker = $null
        if ($kept -is [System.Management.Automation.PSCustomObject] -and $null -ne $kept.PSObject.Properties[$sid]) {
            $marker = $kept.PSObject.Properties[$sid].Value
        }
        $folder = $null
        foreach ($row in @($profiles | Where-Object -FilterScript { $asked.profile -and $_.SID -eq $sid })) {
            $folder = [ordered]@{ path = [string]$row.LocalPath; loaded = [bool]$row.Loaded }
        }
        $users[$asked.name] = [ordered]@{
            sid                    = $sid
            name                   = [string]$account.Name
            full_name              = [string]$account.FullName
            description            = [string]$account.Description
            enabled                = [bool]$account.Enabled
            password_never_expires = ($flag.flags -band 0x10000) -ne 0
            # One that is too old has the flag too, but keeps its moment; only the duty to change it has none.
            must_change            = $flag.password_expired -ne 0 -and $null -eq $account.PasswordLastSet
            user_cannot_change     = ($flag.flags -band 0x40) -ne 0
            aside                  = [ordered]@{ administrator = $administrators -contains $sid }
            password_last_set      = $(if ($null -ne $account.PasswordLastSet) { $account.PasswordLastSet.ToFileTimeUtc() } else { $null })
            profile                = $folder
            marker                 = $marker
        }
    }
}
[ordered]@{ users = $users; groups = $taken }
