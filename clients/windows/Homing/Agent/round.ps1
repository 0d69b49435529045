# A round: the addresses are looked at, and what differs from what is acknowledged is asked to be sent (A-1.7, A-2).

# Looks at the addresses of the given runs. Runs that are busy or stopped are left out, unless Force is said.
function Start-HomingRound {
  param([hashtable] $Agent, [hashtable[]] $Runs, [switch] $Force)
  $Agent.Trace = ([BitConverter]::ToString((Get-HomingRandomOctets 8)) -replace '-', '').ToLowerInvariant()
  $Agent.Secrets = @{}
  $groups = New-HomingDictionary
  foreach ($run in $Runs) {
    Clear-HomingStop $Agent $run
    if ($run.Phase -ne 'idle' -or ($null -ne $run.Record['stop'] -and -not $Force)) { continue }
    $run.Phase = 'looking'
    $run.Forced = [bool] $Force
    $run.Held = $false
    $run.Due = $null
    $run.Trace = $Agent.Trace
    $run.Found = @{}
    $run.Awaiting = $run.Plan.Families.Count
    $run.Tried = $null
    foreach ($family in $run.Plan.Families) {
      $key = Get-HomingLookKey $run $family
      if (-not $groups.Contains($key)) { $groups[$key] = @{ Family = $family; Runs = [Collections.Generic.List[hashtable]]::new() } }
      $groups[$key].Runs.Add($run)
    }
  }
  foreach ($group in @($groups.Values)) {
    $first = $group.Runs[0]
    $known = $first.Record['acknowledged'][$group.Family]
    $context = @{ Server = $first.Server; AllowPrivate = $first.Plan.AllowPrivate; Previous = $(if ($null -ne $known) { $known['address'] } else { $null }) }
    $then = { param($Detection) Complete-HomingLook $Detection }
    [void] (Start-HomingDetection $Agent.Loop $group.Family $first.Plan.Detect[$group.Family] $context $then @{ Agent = $Agent; Group = $group; Trace = $Agent.Trace })
  }
}

# Hosts with the same sources, asked the same way, share one look.
function Get-HomingLookKey {
  param([hashtable] $Run, [string] $Family)
  $detect = $Run.Plan.Detect[$Family]
  $kinds = @($detect.Sources | ForEach-Object { $_.Kind })
  $way = if ($kinds -contains 'server') { $Run.Plan.Server } elseif ($kinds -contains 'http') { $Run.Server.Proxy } else { '' }
  '{0}|{1}|{2}|{3}|{4}|{5}' -f $Family, $way, $detect.Quorum, $detect.Timeout, $Run.Plan.AllowPrivate, [string]::Join('|', @($detect.Sources | ForEach-Object { $_.Text }))
}

# What a look found, for all hosts that share it; a host whose families are all looked at goes on at once.
function Complete-HomingLook {
  param([hashtable] $Detection)
  $agent = $Detection.About.Agent
  foreach ($run in $Detection.About.Group.Runs) {
    if ($run.Phase -ne 'looking' -or $run.Trace -cne $Detection.About.Trace) { continue }
    $look = New-HomingDictionary
    $look['at'] = Format-HomingTime (Get-HomingTime)
    $look['address'] = $Detection.Address
    $look['answers'] = @(foreach ($answer in $Detection.Answers) {
        $said = New-HomingDictionary
        $said['source'] = $answer.Source
        if ($null -ne $answer.Address) { $said['address'] = $answer.Address } else { $said['problem'] = $answer.Words }
        $said
      })
    $run.Record['looks'][$Detection.Family] = $look
    if ($null -ne $Detection.Address) { $run.Found[$Detection.Family] = $Detection.Address }
    else { Write-HomingLog $agent.Log 'undetected' "No $($Detection.Family) address of this machine is known. $($Detection.Words)" (New-HomingLogMember $run) }
    $run.Awaiting--
    if ($run.Awaiting -eq 0) { Resolve-HomingDue $agent $run }
  }
  $agent.Dirty = $true
}

# What has to be sent after a look (A-2.4, A-2.5).
function Resolve-HomingDue {
  param([hashtable] $Agent, [hashtable] $Run)
  $run.Phase = 'idle'
  $known = @(foreach ($family in $Run.Plan.Families) { if ($Run.Found.ContainsKey($family)) { $family } })
  $due = @(foreach ($family in $known) { if ($Run.Forced -or (Test-HomingDue $Agent $Run $family)) { $family } })
  if ($due.Count -eq 0) {
    # Nothing is known or nothing differs: a look that failed is no failure of the server (A-4.3).
    if ($known.Count -gt 0) { $Run.Record['failures'] = 0 }
    Complete-HomingProbe $Agent $Run
    return
  }
  $Run.Requests = [Collections.Generic.Queue[object]]::new()
  if ($Run.Server.Families -eq 'apart') { foreach ($family in $due) { $Run.Requests.Enqueue(@($family)) } }
  else { $Run.Requests.Enqueue($known) }
  $Run.Phase = 'queued'
}

function Test-HomingDue {
  param([hashtable] $Agent, [hashtable] $Run, [string] $Family)
  $known = $Run.Record['acknowledged'][$Family]
  # After a failure the server may or may not have taken what was sent: only a new answer tells.
  if ($null -eq $known -or $Run.Record['doubtful'] -or $known['address'] -cne $Run.Found[$Family]) { return $true }
  $at = ConvertFrom-HomingTime $known['at']
  ((Get-HomingTime) - $at).TotalMilliseconds -ge $Agent.Settings.Refresh
}

# One that was to try for all has nothing to send: another may try.
function Complete-HomingProbe {
  param([hashtable] $Agent, [hashtable] $Run)
  $gate = $Agent.Gates[$Run.Plan.Server]
  if ($gate.Prober -ceq $Run.Key) {
    $gate.Prober = $null
    $gate.ProbeAt = (Get-HomingElapsed) + 30000
  }
  $Run.Held = $false
}

function New-HomingLogMember {
  param([hashtable] $Run)
  @{ trace = $Run.Trace; server = $Run.Plan.Server; host = $Run.Plan.Name; addresses = $null; code = $null; attempt = $null; next = $null; elapsedMs = $null }
}
