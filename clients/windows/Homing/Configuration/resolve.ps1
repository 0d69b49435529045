# A checked document -> the configuration that the agent runs with: defaults filled in, names resolved, files read.

# Document (dictionary) -> @{ Faults; Value }; Value is null where there are faults. Base is the folder of its file.
function Resolve-HomingConfiguration {
  param([AllowNull()] $Document, [string] $Base)
  $faults = [Collections.Generic.List[string]]::new()
  $root = Test-HomingObject $Document 'root' '' $faults
  $value = @{
    Interval = Get-HomingDefault $root 'interval' 300000.0; Refresh = Get-HomingDefault $root 'refresh' 2073600000.0
    StartSpread = Get-HomingDefault $root 'startSpread' 10000.0; Jitter = Get-HomingDefault $root 'jitter' 0.1
    AllowPrivate = Get-HomingDefault $root 'allowPrivate' $false; Servers = New-HomingDictionary; Hosts = @(); Log = $null
  }
  $given = Get-HomingDefault $root 'servers' $null
  if ($null -eq $given -or $given.Count -eq 0) { $faults.Add('servers: at least one server is required') }
  else { foreach ($name in @($given.Keys)) { $value.Servers[$name] = Resolve-HomingServer $name $given[$name] $Base $faults } }
  $value.Hosts = @(Resolve-HomingHost $root $value $faults)
  $log = Get-HomingDefault $root 'log' @{}
  $file = Get-HomingDefault $log 'file' ''
  $value.Log = @{
    File = if ($file) { Resolve-HomingPath $file $Base } else { '' }
    Level = Get-HomingDefault $log 'level' 'info'; MaxSize = Get-HomingDefault $log 'maxSize' 10000000; Keep = Get-HomingDefault $log 'keep' 5
  }
  @{ Faults = $faults.ToArray(); Value = $(if ($faults.Count -eq 0) { $value } else { $null }) }
}

function Get-HomingDefault {
  param([hashtable] $Table, [string] $Key, [AllowNull()] $Default)
  if ($Table.ContainsKey($Key)) { return , $Table[$Key] }
  , $Default
}

function Resolve-HomingPath {
  param([string] $Path, [string] $Base)
  if ([IO.Path]::IsPathRooted($Path)) { $Path } else { [IO.Path]::GetFullPath([IO.Path]::Combine($Base, $Path)) }
}

function Resolve-HomingServer {
  param([string] $Name, [hashtable] $Given, [string] $Base, [Collections.Generic.List[string]] $Faults)
  $path = "servers.$Name"
  $server = @{
    Name = $Name; Url = $null; Path = Get-HomingDefault $Given 'path' '/nic/update'; User = Get-HomingDefault $Given 'user' ''
    Secret = Get-HomingDefault $Given 'secret' $null; Proxy = Get-HomingDefault $Given 'proxy' 'system'
    ConnectTimeout = Get-HomingDefault $Given 'connectTimeout' 10000.0; RequestTimeout = Get-HomingDefault $Given 'requestTimeout' 30000.0
    Families = Get-HomingDefault $Given 'families' 'together'; Dns = Get-HomingDefault $Given 'dns' $null
    Base = $Base; Trust = @{ Id = $Name; Roots = @(); Certificate = $null }; Shown = $Given
  }
  if (-not $Given.ContainsKey('given:secret')) { $Faults.Add("${path}.secret: is required") }
  $text = Get-HomingDefault $Given 'url' ''
  $uri = $null
  if (-not $Given.ContainsKey('given:url')) { $Faults.Add("${path}.url: is required") }
  elseif ($text -and ($text -notmatch '^https?://' -or -not [uri]::TryCreate($text, [UriKind]::Absolute, [ref] $uri) -or $uri.PathAndQuery -ne '/' -or $uri.UserInfo -or $uri.Fragment)) {
    $Faults.Add("${path}.url: https://NAME or https://NAME:PORT is expected, without a path")
  } elseif ($text -and $uri.Scheme -eq 'http' -and -not $uri.IsLoopback -and -not (Get-HomingDefault $Given 'allowHttp' $false)) {
    $Faults.Add("${path}.url: over http: everybody on the way can read the secret; use https:, or set allowHttp to true")
  } else { $server.Url = $uri }
  try {
    if ($Given.ContainsKey('ca')) { $server.Trust.Roots = Read-HomingCertificate (Resolve-HomingPath $Given.ca $Base) }
  } catch { $Faults.Add("${path}.ca: $($_.Exception.GetBaseException().Message)") }
  if ($Given.ContainsKey('clientCertificate') -ne $Given.ContainsKey('clientKey')) { $Faults.Add("${path}.clientCertificate: goes with clientKey, and the other way round") }
  elseif ($Given.ContainsKey('clientKey')) {
    try { $server.Trust.Certificate = Read-HomingClientCertificate (Resolve-HomingPath $Given.clientCertificate $Base) (Resolve-HomingPath $Given.clientKey $Base) }
    catch { $Faults.Add("${path}.clientKey: $($_.Exception.GetBaseException().Message)") }
  }
  $server
}

function Resolve-HomingHost {
  param([hashtable] $Root, [hashtable] $Value, [Collections.Generic.List[string]] $Faults)
  $given = Get-HomingDefault $Root 'hosts' @()
  if ($given.Length -eq 0) { $Faults.Add('hosts: at least one host is required') }
  $seen = @{}
  for ($i = 0; $i -lt $given.Length; $i++) {
    $entry = $given[$i]
    $name = Get-HomingDefault $entry 'name' ''
    if (-not $entry.ContainsKey('given:name')) { $Faults.Add("hosts[$i].name: is required") }
    $server = Get-HomingDefault $entry 'server' ''
    if (-not $server -and $Value.Servers.Count -eq 1) { $server = @($Value.Servers.Keys)[0] }
    elseif (-not $server) { $Faults.Add("hosts[$i].server: is required where there is more than one server") }
    elseif (-not $Value.Servers.Contains($server)) {
      $near = Find-HomingNearest $server @($Value.Servers.Keys)
      $Faults.Add("hosts[$i].server: there is no server '$server'$(if ($near) { "; did you mean '$near'?" })")
    }
    if ($seen.ContainsKey("$server/$name")) { $Faults.Add("hosts[$i].name: $name is there twice for this server") }
    $seen["$server/$name"] = $true
    $families = @(foreach ($family in 'ipv4', 'ipv6') { if (Get-HomingDefault $entry $family $true) { $family } })
    if ($families.Count -eq 0) { $Faults.Add("hosts[$i]: ipv4 and ipv6 are both switched off") }
    $detect = @{}
    foreach ($family in $families) { $detect[$family] = Resolve-HomingDetect $Root $entry $family "hosts[$i]" $Faults }
    @{ Key = "$server/$name"; Name = $name; Server = $server; Families = $families; Detect = $detect; AllowPrivate = Get-HomingDefault $entry 'allowPrivate' $Value.AllowPrivate; Shown = $entry }
  }
}

# The settings of a family: the host's over those of the document over the defaults (A-1.2).
function Resolve-HomingDetect {
  param([hashtable] $Root, [hashtable] $Entry, [string] $Family, [string] $Path, [Collections.Generic.List[string]] $Faults)
  $mark = if ($Family -eq 'ipv4') { 'https://api.ipify.org', 'https://ipv4.icanhazip.com' } else { 'https://api6.ipify.org', 'https://ipv6.icanhazip.com' }
  $settings = @{ Sources = @(foreach ($text in @('server') + $mark) { ConvertTo-HomingSource $text }); Timeout = 5000.0; Quorum = 0; ByDefault = $true }
  $where = 'detect'
  foreach ($layer in @(@{ At = 'detect'; Table = $Root }, @{ At = "$Path.detect"; Table = $Entry })) {
    $detect = Get-HomingDefault $layer.Table 'detect' @{}
    $own = Get-HomingDefault $detect $Family $null
    if ($null -eq $own) { continue }
    if ($own.ContainsKey('sources') -or $own.ContainsKey('quorum')) { $settings.ByDefault = $false }
    if ($own.ContainsKey('sources')) { $settings.Sources = @($own.sources); $settings.Quorum = 0 }
    if ($own.ContainsKey('timeout')) { $settings.Timeout = $own.timeout }
    if ($own.ContainsKey('quorum')) { $settings.Quorum = [int] $own.quorum; $where = $layer.At }
  }
  if ($settings.Quorum -gt $settings.Sources.Count) {
    $words = "$where.$Family.quorum: $($settings.Quorum) cannot be reached with $($settings.Sources.Count) source$(if ($settings.Sources.Count -gt 1) { 's' })"
    if (-not $Faults.Contains($words)) { $Faults.Add($words) }
  }
  if ($settings.Quorum -eq 0) { $settings.Quorum = [Math]::Min(2, $settings.Sources.Count) }
  $settings
}
