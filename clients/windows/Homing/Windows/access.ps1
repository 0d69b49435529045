# Who may read and write files of the agent on Windows (A-6.1): SYSTEM, the administrators, and named accounts.

# Rules in SDDL: no inheritance from above, full rights for SYSTEM and administrators, and RIGHTS for each account's SID.
function Get-HomingAccessRule {
  param([string[]] $Sid, [string] $Rights, [switch] $Folder)
  $flags = if ($Folder) { 'OICI' } else { '' }
  $rules = @("(A;$flags;FA;;;SY)", "(A;$flags;FA;;;BA)")
  foreach ($one in $Sid) { $rules += "(A;$flags;$Rights;;;$one)" }
  'D:PAI' + [string]::Join('', $rules)
}

# An account's name or SID -> SID as text.
function ConvertTo-HomingSid {
  param([string] $Account)
  if ($Account -match '^S-1-') { return $Account }
  [Security.Principal.NTAccount]::new($Account).Translate([Security.Principal.SecurityIdentifier]).Value
}

# The account of the service if there is one, else LocalService, which the task runs as.
function Get-HomingServiceSid {
  try { ConvertTo-HomingSid 'NT SERVICE\HomingAgent' } catch [Security.Principal.IdentityNotMappedException] { 'S-1-5-19' }
}

function Set-HomingFileAccess {
  param([string] $Path, [string[]] $Account)
  $sids = if ($Account.Length -gt 0) { @($Account | ForEach-Object { ConvertTo-HomingSid $_ }) } else { @(Get-HomingServiceSid) }
  $security = [Security.AccessControl.FileSecurity]::new()
  $security.SetSecurityDescriptorSddlForm((Get-HomingAccessRule $sids 'FR'))
  Set-HomingSecurity ([IO.FileInfo]::new($Path)) $security
}

function Set-HomingFolderAccess {
  param([string] $Path, [string[]] $Sid)
  $security = [Security.AccessControl.DirectorySecurity]::new()
  # Modify: the state is written beside itself and renamed.
  $security.SetSecurityDescriptorSddlForm((Get-HomingAccessRule $Sid '0x1301bf' -Folder))
  Set-HomingSecurity ([IO.DirectoryInfo]::new($Path)) $security
}

# Makes the folder of configuration, secret and state, or takes over the one that is there.
function Protect-HomingFolder {
  param([string] $Path)
  [void] [IO.Directory]::CreateDirectory($Path)
  Set-HomingFolderAccess $Path @('S-1-5-19')
  # Only now can nobody else put anything into it.
  $words = Test-HomingFolder $Path { param($Item) Get-HomingOwnerSid $Item }
  if ($words) { throw [InvalidOperationException]::new($words) }
}

# Anybody may make folders below ProgramData, so one that is there may be a trap: a configuration that runs a program of
# its maker's choice, or a link to where its maker may not write. '' where nothing in it is a link or another user's, else
# words. Owner is asked for the SID of each entry. As guard.c of the service host does.
function Test-HomingFolder {
  param([string] $Path, [scriptblock] $Owner)
  if (-not [IO.Directory]::Exists($Path)) { return '' }
  $left = [Collections.Generic.Queue[IO.FileSystemInfo]]::new()
  $left.Enqueue([IO.DirectoryInfo]::new($Path))
  while ($left.Count -gt 0) {
    $item = $left.Dequeue()
    if (($item.Attributes -band [IO.FileAttributes]::ReparsePoint) -ne 0) { return "$($item.FullName) is a link, which nobody who installs here made. Look at it, and remove it." }
    # What an agent that runs has taken away meanwhile is no trap.
    try { $sid = [string] (& $Owner $item) } catch [IO.FileNotFoundException] { continue }
    if (-not (Test-HomingOwner $sid)) { return "$($item.FullName) belongs to another user ($sid), who may have put a trap there. Look at it, and remove it or take it over." }
    if ($item -is [IO.DirectoryInfo]) { foreach ($one in $item.GetFileSystemInfos()) { $left.Enqueue($one) } }
  }
  ''
}

# Whether files of an owner are to be trusted: SYSTEM, the administrators, LocalService, a service (S-1-5-80-...), or
# who installs.
function Test-HomingOwner {
  param([string] $Sid)
  if (@('S-1-5-18', 'S-1-5-32-544', 'S-1-5-19') -ccontains $Sid -or $Sid.StartsWith('S-1-5-80-', [StringComparison]::Ordinal)) { return $true }
  if (-not $script:HomingPlatform.Windows) { return $false }
  $identity = [Security.Principal.WindowsIdentity]::GetCurrent()
  try { $identity.User.Value -ceq $Sid } finally { $identity.Dispose() }
}

function Get-HomingOwnerSid {
  param([IO.FileSystemInfo] $Item)
  $what = [Security.AccessControl.AccessControlSections]::Owner
  $security = if ($PSVersionTable.PSVersion.Major -lt 6) { $Item.GetAccessControl($what) } else { [IO.FileSystemAclExtensions]::GetAccessControl($Item, $what) }
  $security.GetOwner([Security.Principal.SecurityIdentifier]).Value
}

# A method of the file in the .NET Framework, an extension in .NET.
function Set-HomingSecurity {
  param([IO.FileSystemInfo] $Item, $Security)
  if ($PSVersionTable.PSVersion.Major -lt 6) { $Item.SetAccessControl($Security) } else { [IO.FileSystemAclExtensions]::SetAccessControl($Item, $Security) }
}

# Whether this process has the rights of an administrator.
function Test-HomingElevation {
  $identity = [Security.Principal.WindowsIdentity]::GetCurrent()
  try { [Security.Principal.WindowsPrincipal]::new($identity).IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator) } finally { $identity.Dispose() }
}
