param([string]$Verb, $Arguments)

$administrators = 'S-1-5-32-544'

function Get-MemberSid {
    param($Add)
    # By name where the group or the account was not there when the plan was made.
    foreach ($row in $Add) {
        $sid = $row.sid
        if ($null -eq $sid) {
            $sid = Find-AccountSid -Name $row.name
        }
        if ($null -eq $sid -and $null -ne $row.ending) {
            # Called otherwise in another language.
            $sid = Get-LocalUser | ForEach-Object -Process { $_.SID.Value } | Where-Object -FilterScript { $_ -like ('*' + $row.ending) }
        }
        if ($null -eq $sid) {
            throw "There is no account $($row.name) on the machine."
        }
        $sid
    }
}

function Edit-Member {
    param([string]$Group, $Add, $Remove)
    # In before out, so that a group that somebody needs is never empty in between.
    foreach ($sid in $Add) {
        Add-GroupMemberSid -Group $Group -Member $sid
    }
    foreach ($sid in $Remove) {
        Remove-GroupMemberSid -Group $Group -Member $sid
    }
}

function New-Group {
    param($Arguments)
    $add = @(Get-MemberSid -Add $Arguments.add)
    $given = @{ Name = $Arguments.name }
    if ($null -ne $Arguments.description) {
        $given['Description'] = $Arguments.description
    }
    $sid = (New-LocalGroup @given).SID.Value
    try {
        Edit-Member -Group $sid -Add $add -Remove @()
    } catch {
        # Half of a group would look like one that somebody made.
        Remove-LocalGroup -SID $sid
        throw
    }
}

function Edit-Group {
    param($Arguments)
    $add = @(Get-MemberSid -Add $Arguments.add)
    $remove = @($Arguments.remove)
    if ($Arguments.sid -eq $administrators -and $remove.Count -gt 0) {
        Assert-AdministratorLeft -Add $add -Remove $remove
    }
    if ($null -ne $Arguments.description) {
        Set-LocalGroup -SID $Arguments.sid -Description $Arguments.description
    }
    Edit-Member -Group $Arguments.sid -Add $add -Remove $remove
}

switch ($Verb) {
    'create' { New-Group -Arguments $Arguments }
    'update' { Edit-Group -Arguments $Arguments }
    'delete' { Remove-LocalGroup -SID $Arguments.sid }
}
[ordered]@{}
