# One update: sent when its server's gate lets it, and what its outcome changes (A-3.1, A-4.1 to A-4.6).

# 'Homing-Agent/VERSION (PowerShell 5.1; Windows)'.
function Get-HomingUserAgent {
  $system = if ($script:HomingPlatform.Windows) { 'Windows' } elseif ([IO.File]::Exists('/proc/version')) { 'Linux' } else { 'Unix' }
  'Homing-Agent/{0} (PowerShell {1}.{2}; {3})' -f $script:HomingVersion, $PSVersionTable.PSVersion.Major, $PSVersionTable.PSVersion.Minor, $system
}

# Sends what is queued and may be sent.
function Send-HomingQueued {
  param([hashtable] $Agent)
  $now = Get-HomingElapsed
  foreach ($run in @($Agent.Runs.Values)) {
    if ($run.Phase -ne 'queued') { continue }
    if ($null -ne $run.NotBefore -and $now -lt $run.NotBefore -and -not $run.Forced) {
      $run.Phase = 'idle'
      $run.Due = $run.NotBefore
      continue
    }
    $gate = $Agent.Gates[$run.Plan.Server]
    # Forced once, by hand: the circuit is for machines that try by themselves.
    $admission = if ($run.Forced -and $null -ne $gate.ProbeAt) { 'go' } else { Test-HomingGate $gate $run.Key $now }
    if ($admission -eq 'hold') {
      $run.Phase = 'idle'
      $run.Held = $true
    } elseif ($admission -eq 'go') { Send-HomingUpdate $Agent $run }
  }
}

function Send-HomingUpdate {
  param([hashtable] $Agent, [hashtable] $Run)
  $Run.Phase = 'sending'
  $families = @($Run.Requests.Peek())
  $sent = [string[]] @(foreach ($family in $families) { $Run.Found[$family] })
  $secret = Get-HomingServerSecret $Agent $Run.Server
  $about = @{ Agent = $Agent; Run = $Run; Families = $families; Sent = $sent; Trace = $Run.Trace; Started = Get-HomingTick }
  if ($null -eq $secret.Value) {
    $reply = @{ Code = 'secret'; Words = $secret.Words; Status = 0; Headers = @{}; Body = [byte[]]::new(0); Cut = $false; Location = $null }
    Complete-HomingUpdate $about $reply
    return
  }
  $request = New-HomingUpdateRequest $Run.Server $Run.Plan.Name $sent $secret.Value
  [void] (Start-HomingExchange $Agent.Loop $request { param($Job) Complete-HomingUpdate $Job.About (Get-HomingReply $Job) } $about)
}

# The request of A-3.1.
function New-HomingUpdateRequest {
  param([hashtable] $Server, [string] $Name, [string[]] $Sent, [string] $Secret)
  $mark = if ($Server.Path.Contains('?')) { '&' } else { '?' }
  $uri = [uri]::new($Server.Url, ('{0}{1}hostname={2}&myip={3}' -f $Server.Path, $mark, $Name, [string]::Join(',', $Sent)))
  $login = [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes(('{0}:{1}' -f $Server.User, $Secret)))
  New-HomingRequest $uri @{
    Headers = [ordered] @{ 'Authorization' = "Basic $login"; 'User-Agent' = Get-HomingUserAgent; 'Accept' = 'text/plain' }
    Proxy = $Server.Proxy; Trust = $Server.Trust; ConnectTimeout = $Server.ConnectTimeout; Timeout = $Server.RequestTimeout; Limit = 4096; Redirects = 3
  }
}

function Complete-HomingUpdate {
  param([hashtable] $About, [hashtable] $Reply)
  $agent = $About.Agent
  $run = $About.Run
  $wall = Get-HomingTime
  $outcome = Resolve-HomingOutcome $Reply $About.Sent $wall
  if (-not [object]::ReferenceEquals($agent.Runs[$run.Key], $run)) {
    # The configuration dropped the host meanwhile.
    foreach ($gate in @($agent.Gates.Values)) { [void] $gate.Running.Remove($run.Key) }
    return
  }
  $before = $run.Record['reply']
  $troubled = $null -ne $before -and $before['outcome'] -ne 'done'
  $said = New-HomingDictionary
  $said['at'] = Format-HomingTime $wall
  $said['outcome'] = $outcome.Outcome
  $said['code'] = $outcome.Code
  $said['words'] = $outcome.Words
  $run.Record['reply'] = $said
  $run.Phase = 'idle'
  $run.Tried = $outcome
  $members = New-HomingLogMember $run
  $members.addresses = $About.Sent
  $members.code = $outcome.Code
  $members.elapsedMs = [long] ((Get-HomingTick) - $About.Started)
  switch ($outcome.Outcome) {
    'done' { Complete-HomingDone $About $outcome $members $troubled }
    'stopped' { Complete-HomingStop $About $outcome $members }
    'failed' { Complete-HomingFailure $About $outcome $members }
  }
  $agent.Dirty = $true
}

function Complete-HomingDone {
  param([hashtable] $About, [hashtable] $Outcome, [hashtable] $Members, [bool] $Troubled)
  $agent = $About.Agent
  $run = $About.Run
  $now = Format-HomingTime (Get-HomingTime)
  $changed = $false
  foreach ($family in $About.Families) {
    $before = $run.Record['acknowledged'][$family]
    $same = $null -ne $before -and $before['address'] -ceq $run.Found[$family]
    $entry = New-HomingDictionary
    $entry['address'] = $run.Found[$family]
    $entry['at'] = $now
    $entry['since'] = if ($same) { $before['since'] } else { $now }
    $run.Record['acknowledged'][$family] = $entry
    if (-not $same) { $changed = $true }
  }
  $run.Record['failures'] = 0
  $run.Record['stop'] = $null
  $run.Record['doubtful'] = $false
  $run.Record['verified'] = $null
  $run.NotBefore = $null
  $run.Due = $null
  $name = if ($changed) { 'changed' } elseif ($Outcome.Code -eq 'good') { 'refreshed' } else { 'unchanged' }
  Write-HomingLog $agent.Log $name "$($run.Plan.Name): $($Outcome.Words)" $Members
  if ($Troubled) { Write-HomingLog $agent.Log 'recovered' "$($run.Plan.Name) is updated again." $Members }
  Resume-HomingServer $agent $run
  [void] $run.Requests.Dequeue()
  if ($run.Requests.Count -gt 0) { $run.Phase = 'queued' }
  $run.Arrival = @{ Tries = 0; Next = Get-HomingElapsed; Busy = $false; Families = @($run.Found.Keys); Trace = $run.Trace }
}

# The circuit closes, and those that waited for it follow, spread out.
function Resume-HomingServer {
  param([hashtable] $Agent, [hashtable] $Run)
  if (-not (Close-HomingGate $Agent.Gates[$Run.Plan.Server] $Run.Key)) { return }
  $waiting = @(@($Agent.Runs.Values) | Where-Object { $_.Plan.Server -ceq $Run.Plan.Server -and $_.Key -cne $Run.Key -and $null -eq $_.Record['stop'] -and ($_.Held -or $null -ne $_.Due) })
  foreach ($other in $waiting) {
    $other.Held = $false
    $other.Due = (Get-HomingElapsed) + (Get-HomingChance ([Math]::Min(30000.0, 1000.0 * $waiting.Count)))
  }
}

function Complete-HomingStop {
  param([hashtable] $About, [hashtable] $Outcome, [hashtable] $Members)
  $agent = $About.Agent
  foreach ($run in @($agent.Runs.Values)) {
    $own = [object]::ReferenceEquals($run, $About.Run)
    # With one login refused the others of this server are refused as well, and asking would only lock the account.
    if (-not $own -and ($Outcome.Code -ne 'badauth' -or $run.Plan.Server -cne $About.Run.Plan.Server -or $null -ne $run.Record['stop'] -or $run.Phase -eq 'sending')) { continue }
    $stop = New-HomingDictionary
    $stop['at'] = Format-HomingTime (Get-HomingTime)
    $stop['code'] = $Outcome.Code
    $stop['fingerprint'] = Get-HomingRunFingerprint $agent $run
    $run.Record['stop'] = $stop
    $run.Record['reply'] = $About.Run.Record['reply']
    $run.Record['failures'] = 0
    $run.Phase = 'idle'
    $run.Due = $null
    $run.Held = $false
    if (-not $own) { $run.Trace = $About.Trace }
    $shown = New-HomingLogMember $run
    $shown.code = $Outcome.Code
    if ($own) { $shown = $Members }
    Write-HomingLog $agent.Log 'stopped' "$($run.Plan.Name) is not updated any more. $($Outcome.Words)" $shown
  }
  if ($null -ne $Outcome.Wait) { $About.Run.NotBefore = (Get-HomingElapsed) + $Outcome.Wait }
  Resume-HomingServer $agent $About.Run
}

function Complete-HomingFailure {
  param([hashtable] $About, [hashtable] $Outcome, [hashtable] $Members)
  $agent = $About.Agent
  $run = $About.Run
  $now = Get-HomingElapsed
  $failures = [int] $run.Record['failures']
  $attempt = if ($Outcome.Code -eq '911' -or $Outcome.Code -eq 'dnserr') { [Math]::Max($failures, 2) } else { $failures }
  $run.Record['failures'] = $attempt + 1
  if (@('network', 'timeout', 'status', 'reply', '911', 'dnserr') -contains $Outcome.Code) { $run.Record['doubtful'] = $true }
  $gate = $agent.Gates[$run.Plan.Server]
  $wasOpen = $null -ne $gate.ProbeAt
  $open = $wasOpen
  $wait = if ($null -ne $Outcome.Wait) { $Outcome.Wait } else { 0.0 }
  $run.Due = $now + [Math]::Max((Get-HomingBackOff $attempt), $wait)
  $run.NotBefore = if ($null -ne $Outcome.Wait) { $now + $wait } else { $null }
  # A secret that cannot be read says nothing about the server.
  if ($Outcome.Code -eq 'secret') { [void] $gate.Running.Remove($run.Key) } else { $open = Add-HomingFailure $gate $run.Key $now }
  if ($open) {
    foreach ($other in @($agent.Runs.Values)) {
      if ($other.Plan.Server -ceq $run.Plan.Server -and $other.Phase -eq 'idle' -and $null -ne $other.Due) { $other.Held = $true; $other.Due = $null }
    }
  }
  $Members.attempt = $attempt
  $Members.next = ConvertTo-HomingWall $(if ($open) { [Math]::Max($gate.ProbeAt, $now + $wait) } else { $run.Due })
  $quiet = $failures -gt 0 -and -not ($open -and -not $wasOpen)
  Write-HomingLog $agent.Log 'failed' "$($run.Plan.Name): $($Outcome.Words)" $Members -Quiet:$quiet
}
