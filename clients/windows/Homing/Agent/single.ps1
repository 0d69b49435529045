# One agent for a folder of a state (A-7.2, A-7.3): on Windows a file that one process alone may have open, elsewhere
# sockets (sockets.ps1). The agent for Node takes its place in the same way: the two exclude each other.

# Takes the place: @{ Held; Barred; Words; ... }, not held where another process has it, or, barred, where one may not ask.
function Enter-HomingPlace {
  param([string] $Folder)
  [void] [IO.Directory]::CreateDirectory($Folder)
  try { $place = if ($script:HomingPlatform.Windows) { Enter-HomingFilePlace $Folder } else { Enter-HomingSocketPlace $Folder } }
  catch [UnauthorizedAccessException] { return @{ Held = $false; Barred = $true; Words = "$Folder is not for this account to write to, or what holds the place there was made by somebody else: $($_.Exception.GetBaseException().Message)" } }
  $place.Barred = $false
  $place.Words = if ($place.Held) { $null } else { "another agent runs for ${Folder}$(if ($place.Process) { ": process $($place.Process)" })" }
  $place
}

function Exit-HomingPlace {
  param([hashtable] $Place)
  if (-not $Place.Held) { return }
  if ($null -ne $Place.Socket) { Remove-HomingSocket $Place.File }
  else { try { [IO.File]::Delete($Place.File) } catch [IO.IOException] { [void] $_ } }
  if ($null -ne $Place.Socket) { $Place.Socket.Dispose() } else { $Place.Stream.Dispose() }
}

# Whether some process has the place.
function Test-HomingPlace {
  param([string] $Folder)
  if (-not [IO.Directory]::Exists($Folder)) { return $false }
  try { if ($script:HomingPlatform.Windows) { Test-HomingFilePlace $Folder } else { @(Find-HomingSocket $Folder | Where-Object { $_.Holds }).Count -gt 0 } }
  catch [UnauthorizedAccessException] { $false }
}

# The file, opened so that nobody else can open it; null where another process has it open.
function Open-HomingAlone {
  param([string] $File, [IO.FileMode] $Mode)
  try { [IO.FileStream]::new($File, $Mode, [IO.FileAccess]::ReadWrite, [IO.FileShare]::None) }
  catch [IO.FileNotFoundException] { throw }
  catch [IO.DirectoryNotFoundException] { throw }
  # ERROR_SHARING_VIOLATION; or EWOULDBLOCK, which systems without share modes have for it.
  catch [IO.IOException] { if (@(0x20, 0xb) -notcontains ($_.Exception.GetBaseException().HResult -band 0xffff)) { throw } }
}

function Enter-HomingFilePlace {
  param([string] $Folder)
  $file = [IO.Path]::Combine($Folder, 'agent.lock')
  $number = [IO.Path]::Combine($Folder, 'agent.pid')
  # Whoever asks has the file for a moment; whoever runs has it for longer than this.
  for ($i = 0; $i -lt 20; $i++) {
    $stream = Open-HomingAlone $file ([IO.FileMode]::OpenOrCreate)
    if ($null -eq $stream) { [Threading.Thread]::Sleep(25); continue }
    # It only tells people the number; the place is held by the stream.
    try { [IO.File]::WriteAllText($number, "$([Diagnostics.Process]::GetCurrentProcess().Id)`n") } catch [IO.IOException] { [void] $_ }
    return @{ Held = $true; Process = $null; Socket = $null; Stream = $stream; File = $number }
  }
  $owner = ''
  try { $owner = [IO.File]::ReadAllText($number).Trim() } catch [IO.IOException] { $owner = '' }
  @{ Held = $false; Process = $owner }
}

function Test-HomingFilePlace {
  param([string] $Folder)
  $stream = $null
  try { $stream = Open-HomingAlone ([IO.Path]::Combine($Folder, 'agent.lock')) ([IO.FileMode]::Open) } catch [IO.FileNotFoundException] { return $false }
  if ($null -eq $stream) { return $true }
  $stream.Dispose()
  $false
}
