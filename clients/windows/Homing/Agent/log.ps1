# The log (A-8.1, A-8.2), one JSON object on a line, and the event log of Windows (A-8.3).
# Invariant: neither stops anything when it cannot be written, and nothing secret is given to them.

$script:HomingLevels = @{ debug = 0; info = 1; warn = 2; error = 3 }

# Event -> level of the log, id and kind of the event log; an id of 0 is for the log alone.
$script:HomingEvents = @{
  started = @('info', 1000, 'Information'); ended = @('info', 1001, 'Information'); changed = @('info', 1100, 'Information')
  failed = @('warn', 1200, 'Warning'); stopped = @('error', 1201, 'Error'); missing = @('warn', 1202, 'Warning')
  recovered = @('info', 1300, 'Information'); reloaded = @('info', 1400, 'Information'); refused = @('error', 1401, 'Error')
  refreshed = @('debug', 0, ''); unchanged = @('debug', 0, ''); undetected = @('debug', 0, ''); warned = @('warn', 0, '')
}

# The log of an agent. Sink is run with id, kind and text for each event; null for none.
function New-HomingLog {
  param([hashtable] $Settings, [string] $Folder, [AllowNull()] [scriptblock] $Sink)
  $file = if ($Settings.File) { $Settings.File } else { [IO.Path]::Combine($Folder, 'agent.log') }
  @{ File = $file; Level = $script:HomingLevels[$Settings.Level]; MaxSize = $Settings.MaxSize; Keep = $Settings.Keep; Sink = $Sink; Broken = $false }
}

# Members: trace, server, host, addresses, code, attempt, next, elapsedMs, as they apply. Quiet keeps it from the event log.
function Write-HomingLog {
  param([hashtable] $Log, [string] $Name, [string] $Message, [AllowNull()] $Members, [switch] $Quiet)
  $level, $id, $kind = $script:HomingEvents[$Name]
  if ($script:HomingLevels[$level] -ge $Log.Level) {
    $line = New-HomingDictionary
    $line['time'] = Get-HomingTime
    $line['level'] = $level
    $line['event'] = $Name
    $line['message'] = $Message
    if ($null -ne $Members) {
      foreach ($key in 'trace', 'server', 'host', 'addresses', 'code', 'attempt', 'next', 'elapsedMs') { if ($null -ne $Members[$key]) { $line[$key] = $Members[$key] } }
    }
    try {
      Add-HomingLogLine $Log (ConvertTo-HomingJson $line)
      $Log.Broken = $false
    } catch {
      # Said once in the event log; the next line is tried again.
      if (-not $Log.Broken -and $null -ne $Log.Sink) { Send-HomingEvent $Log 1200 'Warning' "The log $($Log.File) cannot be written: $($_.Exception.GetBaseException().Message)" }
      $Log.Broken = $true
    }
  }
  if ($id -ne 0 -and -not $Quiet -and $null -ne $Log.Sink) { Send-HomingEvent $Log $id $kind (Format-HomingEvent $Message $Members) }
}

function Send-HomingEvent {
  param([hashtable] $Log, [int] $Id, [string] $Kind, [string] $Text)
  try { & $Log.Sink $Id $Kind $Text } catch {
    # A source that is not registered, or a log that is full: the file has the same words.
    $Log.Sink = $null
  }
}

function Format-HomingEvent {
  param([string] $Message, [AllowNull()] $Members)
  $lines = [Collections.Generic.List[string]]::new()
  $lines.Add($Message)
  if ($null -ne $Members) { foreach ($key in 'host', 'server', 'addresses', 'code', 'next', 'trace') { if ($Members[$key]) { $lines.Add("${key}: $($Members[$key])") } } }
  [string]::Join("`r`n", $lines)
}

function Add-HomingLogLine {
  param([hashtable] $Log, [string] $Line)
  $octets = [Text.UTF8Encoding]::new($false).GetBytes("$Line`n")
  $file = [IO.FileInfo]::new($Log.File)
  if (-not $file.Directory.Exists) { $file.Directory.Create() }
  if ($file.Exists -and $file.Length + $octets.Length -gt $Log.MaxSize) { Move-HomingLog $Log }
  $stream = [IO.FileStream]::new($Log.File, [IO.FileMode]::Append, [IO.FileAccess]::Write, [IO.FileShare]::ReadWrite)
  try { $stream.Write($octets, 0, $octets.Length) } finally { $stream.Dispose() }
}

# agent.log -> agent.log.1 -> agent.log.2 ...; the oldest goes.
function Move-HomingLog {
  param([hashtable] $Log)
  $oldest = "$($Log.File).$($Log.Keep)"
  if ($Log.Keep -eq 0) { [IO.File]::Delete($Log.File); return }
  if ([IO.File]::Exists($oldest)) { [IO.File]::Delete($oldest) }
  for ($i = $Log.Keep - 1; $i -ge 1; $i--) { if ([IO.File]::Exists("$($Log.File).$i")) { [IO.File]::Move("$($Log.File).$i", "$($Log.File).$($i + 1)") } }
  [IO.File]::Move($Log.File, "$($Log.File).1")
}
