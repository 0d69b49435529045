# The agent from its start to its end: what is due is begun, what changed is taken up, and nothing ends it but a request
# to stop (A-2, A-5.4, A-9.4).

# Runs until it is told to stop. Deadline: an elapsed time at which it ends by itself, for tests.
function Invoke-HomingAgent {
  param([hashtable] $Agent, [double] $Deadline = [double]::PositiveInfinity)
  $watch = New-HomingWatch $Agent
  $Agent.State['started'] = Format-HomingTime (Get-HomingTime)
  Write-HomingLog $Agent.Log 'started' "Homing's agent $($script:HomingVersion) runs with $($Agent.Read.Path): $($Agent.Runs.Count) host$(if ($Agent.Runs.Count -ne 1) { 's' })." $null
  Set-HomingStart $Agent
  try {
    while ((Get-HomingElapsed) -lt $Deadline -and -not (Test-HomingStopRequest $Agent)) {
      Step-HomingAgent $Agent $watch
      if ($Agent.Loop.Jobs.Count -gt 0) {
        [void] (Step-HomingLoop $Agent.Loop $script:HomingClock.Slice)
        $watch.Slept = 0.0
      } else {
        $wait = [Math]::Min($Deadline, (Get-HomingNextMoment $Agent)) - (Get-HomingElapsed)
        $wait = [Math]::Max(1.0, [Math]::Min($wait, $script:HomingClock.Slice))
        & $script:HomingClock.Idle $wait
        $watch.Slept = $wait
      }
    }
  } finally {
    # Ctrl-C ends the pipeline here as well.
    Write-HomingLog $Agent.Log 'ended' "Homing's agent ended." $null
    $Agent.State['process'] = $null
    $Agent.Process = $null
    $Agent.Dirty = $true
    Save-HomingAgent $Agent
    Clear-HomingConnection $Agent.Loop
  }
}

# The first round, at once or, at a start that belongs to a boot, within the spread: power that comes back comes back for
# the neighbours too (A-2.3).
function Set-HomingStart {
  param([hashtable] $Agent)
  $Agent.NextRound = Get-HomingElapsed
  if ((& $script:HomingClock.Uptime) -lt 600000) { $Agent.Earliest = $Agent.NextRound + (Get-HomingChance $Agent.Settings.StartSpread) }
  $Agent.Dirty = $true
}

# Does what is due now.
function Step-HomingAgent {
  param([hashtable] $Agent, [hashtable] $Watch)
  $now = Get-HomingElapsed
  Watch-HomingMachine $Agent $Watch $now
  Start-HomingDueRound $Agent $now
  Send-HomingQueued $Agent
  Start-HomingArrival $Agent
  Save-HomingAgent $Agent
}

# The file 'stop' in the state's folder asks for the end; it is taken away.
function Test-HomingStopRequest {
  param([hashtable] $Agent)
  $path = [IO.Path]::Combine($Agent.Folder, 'stop')
  if (-not [IO.File]::Exists($path)) { return $false }
  try { [IO.File]::Delete($path) } catch { Write-HomingLog $Agent.Log 'warned' "$path cannot be removed: $($_.Exception.GetBaseException().Message)" $null }
  $true
}

# The file 'wake' says that the machine resumed: the service host hears of it at once.
function Test-HomingWake {
  param([hashtable] $Agent)
  $path = [IO.Path]::Combine($Agent.Folder, 'wake')
  if (-not [IO.File]::Exists($path)) { return $false }
  try { [IO.File]::Delete($path) } catch { return $false <# Still being written: seen again with the next look. #> }
  $true
}

# What changed on this machine: its clock, its addresses, the configuration.
function New-HomingWatch {
  param([hashtable] $Agent)
  $now = Get-HomingElapsed
  @{
    Elapsed = $now; Wall = Get-HomingTime; Slept = 0.0; Files = $now; Interfaces = $now
    Mark = $Agent.Read.Mark; SecretMark = $Agent.SecretMark; Addresses = Get-HomingInterfaceMark
  }
}

function Watch-HomingMachine {
  param([hashtable] $Agent, [hashtable] $Watch, [double] $Now)
  $wall = Get-HomingTime
  $passed = $Now - $Watch.Elapsed
  $parted = [Math]::Abs(($wall - $Watch.Wall).TotalMilliseconds - $passed)
  # Late by far: the machine slept. Clocks that part: it slept, or was set.
  if ($passed - $Watch.Slept -gt 30000 -or $parted -gt 30000 -or (Test-HomingWake $Agent)) {
    # Whatever is due meanwhile waits as well: others woke with this machine (A-2.3).
    $Agent.Earliest = $Now + (Get-HomingChance $Agent.Settings.StartSpread)
    Request-HomingRound $Agent $Now
    Clear-HomingConnection $Agent.Loop
    foreach ($run in @($Agent.Runs.Values)) { Repair-HomingTime $run.Record $wall }
  }
  $Watch.Elapsed = $Now
  $Watch.Wall = $wall
  if ($Now - $Watch.Files -ge 2000) {
    $Watch.Files = $Now
    Update-HomingPlan $Agent $Watch
  }
  if ($Now - $Watch.Interfaces -ge 4000) {
    $Watch.Interfaces = $Now
    $addresses = Get-HomingInterfaceMark
    if ($addresses -cne $Watch.Addresses) {
      # A connection of the network before would answer nobody until its time-out.
      Clear-HomingConnection $Agent.Loop
      Request-HomingRound $Agent $Now
    }
    $Watch.Addresses = $addresses
  }
}

# A changed configuration takes effect if it is valid; an invalid one is reported once for each change.
function Update-HomingPlan {
  param([hashtable] $Agent, [hashtable] $Watch)
  $mark = Get-HomingFileMark $Agent.Read.Files
  if ($mark -cne $Watch.Mark) {
    $Watch.Mark = $mark
    $read = Read-HomingConfiguration $Agent.Read.Path
    if ($read.Faults.Count -gt 0) {
      Write-HomingLog $Agent.Log 'refused' "The changed configuration is not valid, the one before stays in force. $([string]::Join(' ', @($read.Faults)))" $null
    } else {
      Set-HomingPlan $Agent $read
      $Agent.Log = New-HomingLog $read.Value.Log $Agent.Folder $Agent.Sink
      $Watch.SecretMark = $Agent.SecretMark
      Write-HomingLog $Agent.Log 'reloaded' "The changed configuration is in force: $($Agent.Runs.Count) host$(if ($Agent.Runs.Count -ne 1) { 's' })." $null
      Request-HomingRound $Agent (Get-HomingElapsed)
    }
  }
  $secrets = Get-HomingFileMark @(Get-HomingSecretFile $Agent.Settings)
  if ($secrets -cne $Watch.SecretMark) {
    $Watch.SecretMark = $secrets
    $Agent.Secrets = @{}
    Request-HomingRound $Agent (Get-HomingElapsed)
  }
}

# A round at once (A-2.2): three may follow each other a second apart, in the long run it is one in 10 s.
function Request-HomingRound {
  param([hashtable] $Agent, [double] $Now)
  $at = [Math]::Max($Now, [Math]::Max($Agent.LastRound + 1000, $Agent.PaidUntil - 20000))
  $Agent.Soon = if ($null -eq $Agent.Soon) { $at } else { [Math]::Min($at, $Agent.Soon) }
}

# Begins the round that is due, the hosts whose back-off is over, and the one that tries for a server.
function Start-HomingDueRound {
  param([hashtable] $Agent, [double] $Now)
  if ($Now -lt $Agent.Earliest) { return }
  $regular = $null -ne $Agent.NextRound -and $Now -ge $Agent.NextRound
  if ($regular -or ($null -ne $Agent.Soon -and $Now -ge $Agent.Soon)) {
    $Agent.Soon = $null
    $Agent.LastRound = $Now
    $Agent.PaidUntil = [Math]::Max($Agent.PaidUntil, $Now) + 10000
    $Agent.NextRound = $Now + (Get-HomingRoundDelay $Agent.Settings.Interval $Agent.Settings.Jitter)
    $round = New-HomingDictionary
    $round['at'] = Format-HomingTime (Get-HomingTime)
    $Agent.State['round'] = $round
    $Agent.Dirty = $true
    # Those in a back-off, or behind an open circuit, have a time of their own; those that are stopped have none.
    foreach ($run in @($Agent.Runs.Values)) { if ($run.Phase -eq 'idle' -and $null -eq $run.Due -and $null -eq $run.Record['stop'] -and $null -ne $Agent.Gates[$run.Plan.Server].ProbeAt) { $run.Held = $true } }
    $ready = @(@($Agent.Runs.Values) | Where-Object { $null -eq $_.Due -and -not $_.Held })
    if ($ready.Count -gt 0) { Start-HomingRound $Agent $ready }
  }
  foreach ($run in @($Agent.Runs.Values)) {
    if ($run.Phase -eq 'idle' -and $null -ne $run.Due -and $Now -ge $run.Due) {
      if ($null -ne $Agent.Gates[$run.Plan.Server].ProbeAt) { $run.Due = $null; $run.Held = $true } else { Start-HomingRound $Agent @($run) }
    }
  }
  foreach ($name in @($Agent.Gates.Keys)) { Start-HomingProbe $Agent $name $Now }
}

function Start-HomingProbe {
  param([hashtable] $Agent, [string] $Name, [double] $Now)
  $gate = $Agent.Gates[$Name]
  if ($null -ne $gate.Prober) {
    $prober = $Agent.Runs[$gate.Prober]
    # A changed configuration may have taken it away.
    if ($null -eq $prober -or $prober.Phase -eq 'idle') { $gate.Prober = $null }
  }
  if ($null -eq $gate.ProbeAt -or $null -ne $gate.Prober -or $Now -lt $gate.ProbeAt) { return }
  $able = @(@($Agent.Runs.Values) | Where-Object { $_.Plan.Server -ceq $Name -and $_.Phase -eq 'idle' -and $null -eq $_.Record['stop'] -and ($null -eq $_.NotBefore -or $Now -ge $_.NotBefore) })
  $first = @($able | Where-Object { $_.Record['failures'] -gt 0 }) + $able
  if ($first.Count -eq 0) {
    # All wait for longer, or are stopped: looked at again when the first of them may.
    $gate.ProbeAt = $Now + 30000
    return
  }
  $gate.Prober = $first[0].Key
  Start-HomingRound $Agent @($first[0])
}

# When something is due next, in elapsed time.
function Get-HomingNextMoment {
  param([hashtable] $Agent)
  $next = [double]::PositiveInfinity
  foreach ($time in @($Agent.NextRound, $Agent.Soon)) { if ($null -ne $time) { $next = [Math]::Min($next, $time) } }
  foreach ($run in @($Agent.Runs.Values)) {
    if ($null -ne $run.Due) { $next = [Math]::Min($next, $run.Due) }
  }
  foreach ($gate in @($Agent.Gates.Values)) { if ($null -ne $gate.ProbeAt -and $null -eq $gate.Prober) { $next = [Math]::Min($next, $gate.ProbeAt) } }
  $next = [Math]::Max($next, $Agent.Earliest)
  foreach ($run in @($Agent.Runs.Values)) { if ($null -ne $run.Arrival -and -not $run.Arrival.Busy) { $next = [Math]::Min($next, $run.Arrival.Next) } }
  $next
}

# One round, to its end: what was due is sent, and looked for in DNS. Force: everything, stopped hosts too.
function Invoke-HomingRound {
  param([hashtable] $Agent, [hashtable[]] $Runs, [switch] $Force)
  $round = New-HomingDictionary
  $round['at'] = Format-HomingTime (Get-HomingTime)
  $Agent.State['round'] = $round
  $Agent.NextRound = $null
  $now = Get-HomingElapsed
  $due = @($Runs | Where-Object { $Force -or ($null -eq $_.Due -or $now -ge $_.Due) })
  if (-not $Force) {
    foreach ($run in $due) {
      $gate = $Agent.Gates[$run.Plan.Server]
      if ($null -ne $gate.ProbeAt -and $now -lt $gate.ProbeAt) { $run.Held = $true }
    }
  }
  $due = @($due | Where-Object { $Force -or -not $_.Held })
  try {
    if ($due.Count -gt 0) { Start-HomingRound $Agent $due -Force:$Force }
    while ($true) {
      Send-HomingQueued $Agent
      Start-HomingArrival $Agent
      Save-HomingAgent $Agent
      $busy = @($due | Where-Object { $_.Phase -ne 'idle' -or $null -ne $_.Arrival })
      if ($busy.Count -eq 0) { break }
      if ($Agent.Loop.Jobs.Count -gt 0) { [void] (Step-HomingLoop $Agent.Loop $script:HomingClock.Slice) }
      else { & $script:HomingClock.Idle ([Math]::Max(1.0, [Math]::Min($script:HomingClock.Slice, (Get-HomingNextMoment $Agent) - (Get-HomingElapsed)))) }
    }
  } finally {
    $Agent.Process = $null
    $Agent.Dirty = $true
    Save-HomingAgent $Agent
    Clear-HomingConnection $Agent.Loop
  }
}
