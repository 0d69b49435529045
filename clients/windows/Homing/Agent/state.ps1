# What survives a restart (A-7.1): one JSON file, written whole beside itself, flushed and put in its place.
# Invariant: nothing in it is a secret. Times are ISO 8601, UTC, of the wall clock.

function New-HomingState {
  $state = New-HomingDictionary
  $state['version'] = 1
  $state['salt'] = [Convert]::ToBase64String((Get-HomingRandomOctets 16))
  $state['process'] = $null
  $state['started'] = $null
  $state['round'] = $null
  $state['next'] = $null
  $state['servers'] = New-HomingDictionary
  $state['hosts'] = New-HomingDictionary
  , $state
}

# A host of which nothing is known; place is the server's address, since another one knows nothing of what this one took.
function New-HomingRecord {
  param([string] $Place)
  $record = New-HomingDictionary
  $record['place'] = $Place
  foreach ($name in 'acknowledged', 'looks') { $record[$name] = New-HomingDictionary }
  foreach ($name in 'verified', 'reply', 'stop', 'next', 'notBefore') { $record[$name] = $null }
  $record['failures'] = 0
  $record['doubtful'] = $false
  , $record
}

# The state of a folder: @{ State; Words }; Words where a file could not be read and was set aside.
function Read-HomingState {
  param([string] $Folder)
  $path = [IO.Path]::Combine($Folder, 'state.json')
  if (-not [IO.File]::Exists($path)) { return @{ State = New-HomingState; Words = $null } }
  $reason = 'not a state'
  try {
    $found = ConvertFrom-HomingJson ([IO.File]::ReadAllText($path))
    if ($found -is [Collections.IDictionary] -and $found['version'] -eq 1 -and $found['salt'] -is [string] -and $found['hosts'] -is [Collections.IDictionary]) {
      return @{ State = (Copy-HomingState $found); Words = $null }
    }
  } catch { $reason = $_.Exception.GetBaseException().Message }
  $aside = "$path.damaged"
  try {
    if ([IO.File]::Exists($aside)) { [IO.File]::Delete($aside) }
    [IO.File]::Move($path, $aside)
  } catch { $aside = "nowhere ($($_.Exception.GetBaseException().Message))" }
  @{ State = New-HomingState; Words = "$path could not be read ($reason); it was set aside as $aside and begun anew" }
}

# Member by member, so that what a hand or a later version wrote into the file cannot trip the agent.
function Copy-HomingState {
  param($Found)
  $state = New-HomingState
  [void] [Convert]::FromBase64String($Found['salt'])
  foreach ($name in 'salt', 'process', 'started', 'round', 'next') { $state[$name] = $Found[$name] }
  if ($Found['servers'] -is [Collections.IDictionary]) {
    foreach ($name in @($Found['servers'].Keys)) {
      $server = $Found['servers'][$name]
      if ($server -isnot [Collections.IDictionary]) { continue }
      $kept = New-HomingDictionary
      $kept['failures'] = if ($server['failures'] -is [long]) { [int] [Math]::Min(1000, $server['failures']) } else { 0 }
      $kept['probe'] = $server['probe']
      $state['servers'][$name] = $kept
    }
  }
  foreach ($key in @($Found['hosts'].Keys)) {
    $from = $Found['hosts'][$key]
    if ($from -isnot [Collections.IDictionary] -or $from['place'] -isnot [string]) { continue }
    $record = New-HomingRecord $from['place']
    foreach ($name in 'acknowledged', 'looks', 'verified', 'reply', 'stop') { if ($from[$name] -is [Collections.IDictionary]) { $record[$name] = $from[$name] } }
    foreach ($name in 'next', 'notBefore') { $record[$name] = $from[$name] }
    if ($from['failures'] -is [long]) { $record['failures'] = [int] [Math]::Min(1000, $from['failures']) }
    $record['doubtful'] = $from['doubtful'] -eq $true
    foreach ($family in @($record['acknowledged'].Keys)) {
      $known = $record['acknowledged'][$family]
      if ($known -isnot [Collections.IDictionary] -or $null -eq (ConvertTo-HomingAddress $known['address'] $family)) { $record['acknowledged'].Remove($family) }
    }
    $state['hosts'][$key] = $record
  }
  , $state
}

# Writes the state; throws where it cannot.
function Write-HomingState {
  param([string] $Folder, $State)
  [void] [IO.Directory]::CreateDirectory($Folder)
  $path = [IO.Path]::Combine($Folder, 'state.json')
  Write-HomingFile $path (ConvertTo-HomingJson $State -Indented)
}

# A whole file in one step: beside it, flushed, then in its place.
function Write-HomingFile {
  param([string] $Path, [string] $Text)
  $beside = "$Path.new"
  $octets = [Text.UTF8Encoding]::new($false).GetBytes($Text)
  $stream = [IO.FileStream]::new($beside, [IO.FileMode]::Create, [IO.FileAccess]::Write, [IO.FileShare]::None)
  try {
    $stream.Write($octets, 0, $octets.Length)
    $stream.Flush($true)
  } finally { $stream.Dispose() }
  if ([IO.File]::Exists($Path)) { [IO.File]::Replace($beside, $Path, [NullString]::Value) } else { [IO.File]::Move($beside, $Path) }
}
