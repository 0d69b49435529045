# One agent for a configuration (A-7.2): a named mutex, which the system gives back when its process dies, however it dies.

# The name of the mutex of a configuration; agent.yaml and agent.json beside it are one, because their state is.
function Get-HomingMutexName {
  param([string] $Path)
  $Path = [IO.Path]::ChangeExtension($Path, '.json')
  $text = if ($script:HomingPlatform.Windows) { $Path.ToUpperInvariant() } else { $Path }
  $sha = [Security.Cryptography.SHA256]::Create()
  try { $digest = $sha.ComputeHash([Text.Encoding]::UTF8.GetBytes($text)) } finally { $sha.Dispose() }
  'Global\Homing-Agent-' + ([BitConverter]::ToString($digest, 0, 10) -replace '-', '').ToLowerInvariant()
}

# Takes the place: @{ Mutex; Words }, Mutex null where another process has it. It must be given back on the same thread.
function Enter-HomingPlace {
  param([string] $Path, [string] $Folder)
  $mutex = $null
  try {
    $mutex = [Threading.Mutex]::new($false, (Get-HomingMutexName $Path))
    $held = $mutex.WaitOne(0)
  } catch [Threading.AbandonedMutexException] {
    # Its owner died; the place is ours.
    $held = $true
  } catch [UnauthorizedAccessException] {
    # Made by another account, which has it.
    $held = $false
  }
  if ($held) { return @{ Mutex = $mutex; Words = $null } }
  if ($null -ne $mutex) { $mutex.Dispose() }
  $owner = Read-HomingOwner $Folder
  @{ Mutex = $null; Words = "another agent runs for ${Path}$(if ($owner) { ": process $owner" })" }
}

function Exit-HomingPlace {
  param([hashtable] $Place, [string] $Folder)
  if ($null -eq $Place.Mutex) { return }
  $Place.Mutex.ReleaseMutex()
  $Place.Mutex.Dispose()
}

# Whether some process has the place.
function Test-HomingPlace {
  param([string] $Path)
  $mutex = $null
  try {
    # It is there as long as its process: opening it is enough, and takes nothing from an agent that just starts.
    [Threading.Mutex]::TryOpenExisting((Get-HomingMutexName $Path), [ref] $mutex)
  } catch [UnauthorizedAccessException] {
    # Made by another account, which has it.
    $true
  } finally { if ($null -ne $mutex) { $mutex.Dispose() } }
}

# The process that the state names.
function Read-HomingOwner {
  param([string] $Folder)
  try { (ConvertFrom-HomingJson ([IO.File]::ReadAllText([IO.Path]::Combine($Folder, 'state.json'))))['process'] } catch { $null }
}
