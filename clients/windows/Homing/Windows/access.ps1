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
