function Get-GroupMemberSid { param([string]$Group)
    foreach ($m in (Get-Place -Place 'groups', $Group, 'members')) { $m } }
function Add-GroupMemberSid { param([string]$Group, [string]$Member)
    $in = Get-Place -Place 'groups', $Group, 'members'
    if ($null -eq $in) { throw 'x' }
    if ($in -notcontains $Member) { Set-Place -Place 'groups', $Group, 'members' -Value @(@($in) + $Member) } }
function Remove-GroupMemberSid { param([string]$Group, [string]$Member)
    $in = Get-Place -Place 'groups', $Group, 'members'
    if ($in -contains $Member) { Set-Place -Place 'groups', $Group, 'members' -Value @($in | Where-Object -FilterScript { $_ -ne $Member }) } }
