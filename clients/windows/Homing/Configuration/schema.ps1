# What a configuration may say (A-5.2, A-5.3): every value checked, every fault reported with its path, all at once.
# A check is a script block: given the value, it returns @{ Value } or @{ Words }.

function New-HomingCheck {
  param([string] $Kind, $A, $B)
  @{ Kind = $Kind; A = $A; B = $B }
}

# The keys of each object and what they hold; '*' stands for names that the owner chooses.
$script:HomingSchema = @{
  root   = @{
    interval = (New-HomingCheck 'duration' 30000 86400000); refresh = (New-HomingCheck 'duration' 86400000 2419200000)
    startSpread = (New-HomingCheck 'duration' 0 600000); jitter = (New-HomingCheck 'number' 0 0.5); allowPrivate = (New-HomingCheck 'flag')
    servers = (New-HomingCheck 'map' 'server'); hosts = (New-HomingCheck 'list' 'host'); detect = (New-HomingCheck 'object' 'detect'); log = (New-HomingCheck 'object' 'log')
  }
  server = @{
    url = (New-HomingCheck 'text'); path = (New-HomingCheck 'pattern' '^/[!-~]*$' 'a path that begins with /'); user = (New-HomingCheck 'pattern' '^[^:\x00-\x1f]*$' 'a name without a colon')
    secret = (New-HomingCheck 'secret'); proxy = (New-HomingCheck 'pattern' '^(system|none|http://\S+)$' 'system, none or http://NAME:PORT')
    ca = (New-HomingCheck 'text'); clientCertificate = (New-HomingCheck 'text'); clientKey = (New-HomingCheck 'text')
    connectTimeout = (New-HomingCheck 'duration' 1000 300000); requestTimeout = (New-HomingCheck 'duration' 1000 300000)
    families = (New-HomingCheck 'pattern' '^(together|apart)$' 'together or apart'); dns = (New-HomingCheck 'places'); allowHttp = (New-HomingCheck 'flag')
  }
  host   = @{
    name = (New-HomingCheck 'name'); server = (New-HomingCheck 'text'); ipv4 = (New-HomingCheck 'flag'); ipv6 = (New-HomingCheck 'flag')
    allowPrivate = (New-HomingCheck 'flag'); detect = (New-HomingCheck 'object' 'detect')
  }
  detect = @{ ipv4 = (New-HomingCheck 'object' 'family'); ipv6 = (New-HomingCheck 'object' 'family') }
  family = @{ quorum = (New-HomingCheck 'whole' 1 16); timeout = (New-HomingCheck 'duration' 100 60000); sources = (New-HomingCheck 'sources') }
  log    = @{
    file = (New-HomingCheck 'text'); level = (New-HomingCheck 'pattern' '^(debug|info|warn|error)$' 'debug, info, warn or error')
    maxSize = (New-HomingCheck 'size'); keep = (New-HomingCheck 'whole' 0 100)
  }
}

# An object of the document -> hashtable with its known keys; faults are added to the list as 'path: words'.
function Test-HomingObject {
  param([AllowNull()] $Value, [string] $Kind, [string] $Path, [Collections.Generic.List[string]] $Faults)
  $checked = @{}
  if ($Value -isnot [Collections.IDictionary]) {
    $Faults.Add("$(Format-HomingPath $Path '')an object is expected")
    return $checked
  }
  $schema = $script:HomingSchema[$Kind]
  foreach ($key in @($Value.Keys)) {
    $here = if ($Path) { "$Path.$key" } else { $key }
    $known = @($schema.Keys) -ccontains $key
    if (-not $known) {
      $near = Find-HomingNearest $key @($schema.Keys)
      $Faults.Add("${here}: there is no such setting$(if ($near) { "; did you mean '$near'?" })")
      continue
    }
    # Noted even where the value is wrong: it is not missing.
    $checked["given:$key"] = $true
    $result = Test-HomingValue $schema[$key] $Value[$key] $here $Faults
    if ($null -ne $result.Words) { $Faults.Add("${here}: $($result.Words)") } else { $checked[$key] = $result.Value }
  }
  $checked
}

function Format-HomingPath {
  param([string] $Path, [string] $Key)
  if ($Path) { "$Path${Key}: " } else { '' }
}

function Test-HomingValue {
  param([hashtable] $Check, [AllowNull()] $Value, [string] $Path, [Collections.Generic.List[string]] $Faults)
  $refuse = { param($Words) @{ Words = $Words; Value = $null } }
  switch ($Check.Kind) {
    'flag' { if ($Value -isnot [bool]) { return & $refuse 'true or false is expected' } }
    'text' { if ($Value -isnot [string] -or -not $Value) { return & $refuse 'a text is expected' } }
    'pattern' { if ($Value -isnot [string] -or $Value -cnotmatch $Check.A) { return & $refuse "$($Check.B) is expected" } }
    'whole' { if ($Value -isnot [long] -or $Value -lt $Check.A -or $Value -gt $Check.B) { return & $refuse "a whole number from $($Check.A) to $($Check.B) is expected" } }
    'number' {
      if (($Value -isnot [long] -and $Value -isnot [double]) -or $Value -lt $Check.A -or $Value -gt $Check.B) { return & $refuse ([string]::Format([cultureinfo]::InvariantCulture, 'a number from {0} to {1} is expected', $Check.A, $Check.B)) }
      $Value = [double] $Value
    }
    'duration' {
      $time = ConvertFrom-HomingDuration $Value
      if ($null -eq $time) { return & $refuse "a time like 30s, 5m, 1h or 1d is expected" }
      if ($time -lt $Check.A -or $time -gt $Check.B) { return & $refuse "from $(Format-HomingDuration $Check.A) to $(Format-HomingDuration $Check.B) is allowed" }
      $Value = $time
    }
    'size' {
      if ($Value -isnot [string] -or $Value -cnotmatch '^([0-9]{1,6})(kB|MB|GB)$') { return & $refuse 'a size like 10MB is expected' }
      $Value = [long] $Matches[1] * @{ kB = 1000; MB = 1000000; GB = 1000000000 }[$Matches[2]]
    }
    'name' {
      if ($Value -isnot [string] -or $Value.Length -gt 253 -or $Value -notmatch '^(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)+[A-Za-z0-9-]{1,63}\.?$') { return & $refuse 'a whole host name is expected, such as pc.dyn.example.org' }
      $Value = $Value.TrimEnd('.').ToLowerInvariant()
    }
    'places' {
      if ($Value -isnot [object[]]) { return & $refuse 'a list of addresses or names is expected' }
      $Value = @(foreach ($item in $Value) { if ($item -isnot [string] -or $null -eq ($place = Split-HomingPlace $item 53)) { return & $refuse "'$item' is no address or name, with or without a port" }; $place })
    }
    'secret' { $words = Test-HomingSecretShape $Value; if ($words) { return & $refuse $words } }
    'sources' { return Test-HomingSourceList $Value }
    'object' { $Value = Test-HomingObject $Value $Check.A $Path $Faults }
    'map' {
      if ($Value -isnot [Collections.IDictionary]) { return & $refuse 'an object is expected' }
      $map = New-HomingDictionary
      foreach ($key in @($Value.Keys)) { $map[$key] = Test-HomingObject $Value[$key] $Check.A "$Path.$key" $Faults }
      $Value = $map
    }
    'list' {
      if ($Value -isnot [object[]]) { return & $refuse 'a list is expected' }
      $list = [Collections.Generic.List[object]]::new()
      for ($i = 0; $i -lt $Value.Length; $i++) { $list.Add((Test-HomingObject $Value[$i] $Check.A "$Path[$i]" $Faults)) }
      $Value = $list.ToArray()
    }
  }
  @{ Words = $null; Value = $Value }
}

function Test-HomingSourceList {
  param([AllowNull()] $Value)
  if ($Value -isnot [object[]] -or $Value.Length -eq 0) { return @{ Words = 'a list of sources is expected'; Value = $null } }
  $list = [Collections.Generic.List[hashtable]]::new()
  foreach ($item in $Value) {
    $source = ConvertTo-HomingSource $item
    if ($source -is [string]) { return @{ Words = $source; Value = $null } }
    # A source that is named twice has one voice.
    if (@($list | Where-Object { $_.Text -eq $source.Text }).Count -eq 0) { $list.Add($source) }
  }
  @{ Words = $null; Value = $list.ToArray() }
}

# {env}, {file}, {dpapi} or text: '' or what is wrong.
function Test-HomingSecretShape {
  param([AllowNull()] $Value)
  if ($Value -is [string]) {
    if ($script:HomingPlatform.Windows) { return 'a secret in the clear is refused on Windows; protect it: Protect-HomingSecret -Path FILE, and say {"file": "FILE"} here' }
    if (-not $Value) { return 'the secret is empty' }
    return ''
  }
  if ($Value -isnot [Collections.IDictionary] -or $Value.Count -ne 1) { return 'one of {"env": NAME}, {"file": PATH}, {"dpapi": BASE64} is expected' }
  $key = @($Value.Keys)[0]
  if (@('env', 'file', 'dpapi') -cnotcontains $key) {
    $near = Find-HomingNearest $key @('env', 'file', 'dpapi')
    return "there is no '$key'$(if ($near) { "; did you mean '$near'?" })"
  }
  if ($Value[$key] -isnot [string] -or -not $Value[$key]) { return "${key}: a text is expected" }
  ''
}

# The candidate that differs least, or null where none is near.
function Find-HomingNearest {
  param([string] $Word, [string[]] $Candidates)
  $best = $null
  $least = [Math]::Max(2, [int] ($Word.Length / 3)) + 1
  $sorted = [string[]] $Candidates
  [Array]::Sort($sorted, [StringComparer]::Ordinal)
  foreach ($candidate in $sorted) {
    $distance = Get-HomingDistance $Word.ToLowerInvariant() $candidate.ToLowerInvariant()
    if ($distance -lt $least) { $least = $distance; $best = $candidate }
  }
  $best
}

# Levenshtein.
function Get-HomingDistance {
  param([string] $A, [string] $B)
  $row = [int[]] (0..$B.Length)
  for ($i = 1; $i -le $A.Length; $i++) {
    $corner = $row[0]
    $row[0] = $i
    for ($j = 1; $j -le $B.Length; $j++) {
      $above = $row[$j]
      $swap = $corner + $(if ($A[$i - 1] -ceq $B[$j - 1]) { 0 } else { 1 })
      $row[$j] = [Math]::Min($swap, [Math]::Min($above, $row[$j - 1]) + 1)
      $corner = $above
    }
  }
  $row[$B.Length]
}
