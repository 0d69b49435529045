# The agent while it runs: a configuration, the state on disk, and for each host where it stands in the present round.
#
# A run (one host at one server): Plan, Record (in the state), Phase (idle, looking, queued, sending), Due (elapsed time
# of the next try, or null: with the next round), NotBefore, Held (waits for a circuit), Forced, Awaiting, Found,
# Requests (the first is under way while sending), Trace, Arrival (the verification).

# Makes an agent over what was read; nothing is sent yet.
function New-HomingAgent {
  param([hashtable] $Read, [string] $Folder, [AllowNull()] [scriptblock] $Sink)
  $state = Read-HomingState $Folder
  $agent = @{
    Read = $Read; Settings = $null; Folder = $Folder; State = $state.State; Sink = $Sink; Log = New-HomingLog $Read.Value.Log $Folder $Sink
    Loop = New-HomingLoop; Runs = New-HomingDictionary; Gates = @{}; Secrets = @{}; Fingerprints = @{}; NextRound = $null; LastRound = [double]::NegativeInfinity
    # Earliest: nothing is begun before, the spread of A-2.3. PaidUntil: ahead of now by what hurried rounds have used (A-2.2).
    Earliest = [double]::NegativeInfinity; PaidUntil = [double]::NegativeInfinity
    Soon = $null; Trace = ''; Dirty = $false; Stopping = $false; Process = $PID; Results = [Collections.Generic.List[hashtable]]::new()
    SecretMark = ''; Zones = @{}
  }
  if ($null -ne $state.Words) { Write-HomingLog $agent.Log 'warned' $state.Words $null }
  foreach ($other in $Read.Ignored) { Write-HomingLog $agent.Log 'warned' "$other is not used: $($Read.Path) is." $null }
  Set-HomingPlan $agent $Read
  $agent
}

# Takes a configuration: what is acknowledged stays, what is new begins, what is gone is forgotten.
function Set-HomingPlan {
  param([hashtable] $Agent, [hashtable] $Read)
  $Agent.Read = $Read
  $Agent.Settings = $Read.Value
  $Agent.Secrets = @{}
  $Agent.SecretMark = Get-HomingFileMark @(Get-HomingSecretFile $Read.Value)
  $now = Get-HomingElapsed
  $wall = Get-HomingTime
  $runs = New-HomingDictionary
  $hosts = New-HomingDictionary
  foreach ($plan in $Read.Value.Hosts) {
    $server = $Read.Value.Servers[$plan.Server]
    $place = '{0}{1}' -f $server.Url.GetLeftPart([UriPartial]::Authority), $server.Path
    $record = $Agent.State['hosts'][$plan.Key]
    if ($null -eq $record -or $record['place'] -cne $place) { $record = New-HomingRecord $place }
    $hosts[$plan.Key] = $record
    $run = $Agent.Runs[$plan.Key]
    if ($null -eq $run -or -not [object]::ReferenceEquals($run.Record, $record)) {
      $run = @{
        Key = $plan.Key; Plan = $plan; Server = $server; Record = $record; Phase = 'idle'; Due = ConvertTo-HomingElapsed $record['next'] $now $wall
        NotBefore = ConvertTo-HomingElapsed $record['notBefore'] $now $wall; Held = $false; Forced = $false
        Awaiting = 0; Found = @{}; Requests = $null; Trace = ''; Arrival = $null; Tried = $null
      }
      Repair-HomingTime $record $wall
    }
    # A back-off ends where the host's own configuration changed (A-4.3).
    if ((ConvertTo-HomingJson @($run.Plan.Shown, $run.Server.Shown)) -cne (ConvertTo-HomingJson @($plan.Shown, $server.Shown))) { $run.Due = $null; $run.NotBefore = $null }
    $run.Plan = $plan
    $run.Server = $server
    $runs[$plan.Key] = $run
    Clear-HomingStop $Agent $run
  }
  $Agent.Runs = $runs
  $Agent.State['hosts'] = $hosts
  $Agent.State['configuration'] = $Read.Path
  Set-HomingGate $Agent $now $wall
  $Agent.Dirty = $true
}

function Set-HomingGate {
  param([hashtable] $Agent, [double] $Now, [datetime] $Wall)
  $gates = @{}
  $servers = New-HomingDictionary
  foreach ($name in @($Agent.Settings.Servers.Keys)) {
    $gates[$name] = $Agent.Gates[$name]
    $kept = $Agent.State['servers'][$name]
    if ($null -eq $gates[$name]) {
      $gates[$name] = New-HomingGate
      if ($null -ne $kept) {
        $gates[$name].Failures = [int] $kept['failures']
        $gates[$name].ProbeAt = ConvertTo-HomingElapsed $kept['probe'] $Now $Wall
      }
    }
    if ($null -ne $kept) { $servers[$name] = $kept }
  }
  $Agent.Gates = $gates
  $Agent.State['servers'] = $servers
}

# Times that lie ahead, because the clock was set back, count as now: they make nothing due (A-2.4).
function Repair-HomingTime {
  param($Record, [datetime] $Wall)
  foreach ($family in @($Record['acknowledged'].Keys)) {
    $known = $Record['acknowledged'][$family]
    $at = ConvertFrom-HomingTime $known['at']
    if ($null -eq $at -or $at -gt $Wall) { $known['at'] = Format-HomingTime $Wall }
  }
}

# A time of the wall clock on the clock that only goes forward, at most a day ahead; null stays null.
function ConvertTo-HomingElapsed {
  param([AllowNull()] $Text, [double] $Now, [datetime] $Wall)
  $time = ConvertFrom-HomingTime $Text
  if ($null -eq $time) { return $null }
  $Now + [Math]::Min(86400000.0, [Math]::Max(0.0, ($time - $Wall).TotalMilliseconds))
}

# The other way, as it stands in the state.
function ConvertTo-HomingWall {
  param([AllowNull()] $Elapsed)
  if ($null -eq $Elapsed) { return $null }
  Format-HomingTime (Get-HomingTime).AddMilliseconds($Elapsed - (Get-HomingElapsed))
}

# The secret of a server, read once for each round.
function Get-HomingServerSecret {
  param([hashtable] $Agent, [hashtable] $Server)
  if (-not $Agent.Secrets.ContainsKey($Server.Name)) { $Agent.Secrets[$Server.Name] = Get-HomingSecret $Server }
  $Agent.Secrets[$Server.Name]
}

function Get-HomingRunFingerprint {
  param([hashtable] $Agent, [hashtable] $Run)
  $secret = (Get-HomingServerSecret $Agent $Run.Server).Value
  # Making one takes a while on purpose; it is made again only when something changed.
  $sources = "$($Run.Key)|$($Agent.Read.Mark)|$secret"
  if (-not $Agent.Fingerprints.ContainsKey($sources)) {
    if ($Agent.Fingerprints.Count -gt 200) { $Agent.Fingerprints.Clear() }
    $Agent.Fingerprints[$sources] = Get-HomingFingerprint $Run.Plan $Run.Server $secret $Agent.State['salt']
  }
  $Agent.Fingerprints[$sources]
}

# Ends a stop whose configuration or secret has changed (A-4.2, A-6.3).
function Clear-HomingStop {
  param([hashtable] $Agent, [hashtable] $Run)
  $stop = $Run.Record['stop']
  if ($null -eq $stop -or $stop['fingerprint'] -ceq (Get-HomingRunFingerprint $Agent $Run)) { return }
  $Run.Record['stop'] = $null
  $Run.Due = $null
  $Run.NotBefore = $null
  $Agent.Dirty = $true
}

# Writes the state where it changed. A disk that is full must not stop the updates.
function Save-HomingAgent {
  param([hashtable] $Agent)
  if (-not $Agent.Dirty) { return }
  $Agent.Dirty = $false
  foreach ($run in @($Agent.Runs.Values)) {
    $gate = $Agent.Gates[$run.Plan.Server]
    $due = if ($run.Held -and $null -ne $gate.ProbeAt) { $gate.ProbeAt } else { $run.Due }
    $run.Record['next'] = ConvertTo-HomingWall $due
    $run.Record['notBefore'] = ConvertTo-HomingWall $run.NotBefore
  }
  foreach ($name in @($Agent.Gates.Keys)) {
    $server = New-HomingDictionary
    $server['failures'] = $Agent.Gates[$name].Failures
    $server['probe'] = ConvertTo-HomingWall $Agent.Gates[$name].ProbeAt
    $Agent.State['servers'][$name] = $server
  }
  $Agent.State['next'] = ConvertTo-HomingWall $Agent.NextRound
  $Agent.State['process'] = $Agent.Process
  try { Write-HomingState $Agent.Folder $Agent.State } catch { Write-HomingLog $Agent.Log 'warned' "The state cannot be written: $($_.Exception.GetBaseException().Message)" $null }
}
