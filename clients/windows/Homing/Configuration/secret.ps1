# Secrets (A-6): DPAPI of the machine on Windows, files that only their owner reads elsewhere, environment variables.
# Invariant: what these functions say in words never holds a secret.

# The secret of a server: @{ Value; Words }, one of them null. Read anew each time, so that a changed file counts.
function Get-HomingSecret {
  param([hashtable] $Server)
  $secret = $Server.Secret
  if ($secret -is [string]) { return @{ Value = $secret; Words = $null } }
  $kind = @($secret.Keys)[0]
  $given = $secret[$kind]
  try {
    switch ($kind) {
      'env' {
        $value = [Environment]::GetEnvironmentVariable($given)
        if (-not $value) { return @{ Value = $null; Words = "the environment variable $given is not set" } }
        return @{ Value = $value; Words = $null }
      }
      'dpapi' { return @{ Value = (Unprotect-HomingText $given); Words = $null } }
      'file' { return Read-HomingSecretFile (Resolve-HomingPath $given $Server.Base) }
    }
  } catch {
    return @{ Value = $null; Words = "the secret cannot be read: $($_.Exception.GetBaseException().Message)" }
  }
}

# The files that secrets of a configuration are read from.
function Get-HomingSecretFile {
  param([hashtable] $Value)
  foreach ($server in @($Value.Servers.Values)) {
    if ($server.Secret -is [Collections.IDictionary] -and $server.Secret.Contains('file')) { Resolve-HomingPath $server.Secret['file'] $server.Base }
  }
}

function Read-HomingSecretFile {
  param([string] $Path)
  if (-not [IO.File]::Exists($Path)) { return @{ Value = $null; Words = "$Path is not there" } }
  $text = [IO.File]::ReadAllText($Path).Trim()
  if (-not $text) { return @{ Value = $null; Words = "$Path is empty" } }
  if ($script:HomingPlatform.Windows) {
    # What DPAPI makes begins with its provider's GUID.
    if (-not $text.StartsWith('AQAAANCMnd8BFdERjHoAwE/Cl+s', [StringComparison]::Ordinal)) { return @{ Value = $null; Words = "$Path holds a secret in the clear; protect it: Protect-HomingSecret -Path '$Path'" } }
    return @{ Value = (Unprotect-HomingText $text); Words = $null }
  }
  $words = Test-HomingFileMode $Path
  if ($words) { return @{ Value = $null; Words = $words } }
  @{ Value = $text; Words = $null }
}

# '' where nobody else can read the file, else words with the command that mends it. Not asked on Windows.
function Test-HomingFileMode {
  param([string] $Path)
  $mode = [int] [IO.File]::GetUnixFileMode($Path)
  if (($mode -band 0x3F) -eq 0) { return '' }
  # 0440: for a service's group, if root owns it; then nobody but root can have given it away.
  if ($mode -eq 0x120 -and (Get-HomingFileOwner $Path) -eq '0') { return '' }
  "$Path can be read by others; mend it: chmod 600 '$Path'"
}

function Get-HomingFileOwner {
  param([string] $Path)
  $start = [Diagnostics.ProcessStartInfo]::new('stat', "-c %u `"$Path`"")
  $start.UseShellExecute = $false
  $start.RedirectStandardOutput = $true
  $process = [Diagnostics.Process]::Start($start)
  $owner = $process.StandardOutput.ReadToEnd().Trim()
  $process.WaitForExit()
  $process.Dispose()
  $owner
}

# Faults of files that hold a secret as text and that others can read.
function Test-HomingExposure {
  param($Document, [string[]] $Files)
  if ($script:HomingPlatform.Windows) { return }
  $servers = $Document['servers']
  if ($servers -isnot [Collections.IDictionary]) { return }
  $holds = @(@($servers.Values) | Where-Object { $_ -is [Collections.IDictionary] -and $_['secret'] -is [string] }).Count -gt 0
  if (-not $holds) { return }
  foreach ($file in $Files) { if ([IO.File]::Exists($file)) { $words = Test-HomingFileMode $file; if ($words) { $words } } }
}

# Text -> base64 of DPAPI data of this machine, as 'homing-service.exe protect' writes it; only Windows has it.
function Protect-HomingText {
  param([string] $Text)
  Import-HomingProtection
  $octets = [Security.Cryptography.ProtectedData]::Protect([Text.Encoding]::UTF8.GetBytes($Text), [Text.Encoding]::UTF8.GetBytes('Homing-Agent'), 'LocalMachine')
  [Convert]::ToBase64String($octets)
}

function Unprotect-HomingText {
  param([string] $Text)
  Import-HomingProtection
  $octets = [Security.Cryptography.ProtectedData]::Unprotect([Convert]::FromBase64String($Text), [Text.Encoding]::UTF8.GetBytes('Homing-Agent'), 'LocalMachine')
  # What was typed into 'homing-service.exe protect' ends with a line break.
  [Text.Encoding]::UTF8.GetString($octets) -replace '\r?\n\z', ''
}

function Import-HomingProtection {
  if (-not $script:HomingPlatform.Windows) { throw [PlatformNotSupportedException]::new('DPAPI is there on Windows only; use {"file": PATH} with mode 0600') }
  # In the .NET Framework the class is in an assembly that is not loaded by itself.
  if ($PSVersionTable.PSVersion.Major -lt 6) { [void] [Reflection.Assembly]::Load('System.Security, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b03f5f7f11d50a3a') }
}

# What a stop is tied to (A-4.2): configuration and secret of a host, as a keyed digest that tells neither.
function Get-HomingFingerprint {
  param([hashtable] $HostEntry, [hashtable] $Server, [AllowNull()] [string] $Secret, [string] $Salt)
  $shown = ConvertTo-HomingJson @($HostEntry.Name, [string] $Server.Url, $Server.Path, $Server.User, $Server.Families, @($HostEntry.Families), $HostEntry.AllowPrivate, $Secret)
  # Slow on purpose: an account's password in there must not be found by trying.
  $derive = [Security.Cryptography.Rfc2898DeriveBytes]::new([Text.Encoding]::UTF8.GetBytes($shown), [Convert]::FromBase64String($Salt), 20000)
  try { [Convert]::ToBase64String($derive.GetBytes(20)) } finally { $derive.Dispose() }
}
