param($Arguments)

function Find-Group {
    param($Asked, $Groups)
    # By SID, or else by name. Not with -eq: it takes other letters for the same, and looks past invisible ones.
    foreach ($group in $Groups) {
        if ($null -ne $Asked.sid) {
            if ($group.SID.Value -eq $Asked.sid) { return $group }
        } elseif ([string]::Equals($group.Name, $Asked.name, [StringComparison]::OrdinalIgnoreCase)) {
            return $group
        }
    }
    return $null
}

function Get-WantedAccount {
    param($Asked)
    foreach ($name in $Asked.accounts) {
        try {
            [ordered]@{ name = $name; sid = (Find-AccountSid -Name $name); unknown = $null }
        } catch {
            [ordered]@{ name = $name; sid = $null; unknown = [string]$_.Exception.Message }
        }
    }
}

function Get-StrangerName {
    param($Members, $Known)
    # Names only for people: what Windows calls its own well-known groups is translated.
    $names = [ordered]@{}
    foreach ($sid in @($Members | Where-Object -FilterScript { $_ -like 'S-1-5-21-*' -and $Known -notcontains $_ })) {
        try {
            $names[$sid] = Find-AccountName -Sid $sid
        } catch {
            $names[$sid] = $null
        }
    }
    $names
}

$every = @(Get-LocalGroup)
$local = @(foreach ($user in Get-LocalUser) { [ordered]@{ sid = $user.SID.Value; name = [string]$user.Name } })
$groups = [ordered]@{}
$aside = [ordered]@{}
foreach ($asked in $Arguments.groups) {
    $group = Find-Group -Asked $asked -Groups $every
    $members = @()
    $groups[$asked.key] = $null
    if ($null -ne $group) {
        $groups[$asked.key] = [ordered]@{
            sid         = $group.SID.Value
            name        = [string]$group.Name
            description = [string]$group.Description
        }
        $members = @(Get-GroupMemberSid -Group $group.SID.Value)
    }
    $accounts = @(Get-WantedAccount -Asked $asked)
    $known = @($local | ForEach-Object -Process { $_.sid }) + @($accounts | ForEach-Object -Process { $_.sid })
    $aside[$asked.key] = [ordered]@{
        members   = $members
        accounts  = $accounts
        strangers = (Get-StrangerName -Members $members -Known $known)
    }
}
# Who is in a group and which account a name means is no ground to stand on: the same run may make an account and
# put it into a group before this one's turn.
[ordered]@{ groups = $groups; aside = [ordered]@{ groups = $aside; local = $local } }
