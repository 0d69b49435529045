# Whether an acknowledged address has arrived in DNS, asked of the zone's own servers (A-2.6, A-2.7).

# When the tries are made, in milliseconds after the one before: five in 30 s.
$script:HomingArrivalPauses = 0, 2000, 5000, 9000, 14000

# Starts what is due of the verifications.
function Start-HomingArrival {
  param([hashtable] $Agent)
  $now = Get-HomingElapsed
  foreach ($run in @($Agent.Runs.Values)) {
    $arrival = $run.Arrival
    if ($null -eq $arrival -or $arrival.Busy -or $now -lt $arrival.Next) { continue }
    if ($null -ne $run.Server.Dns -and $run.Server.Dns.Count -eq 0) { $run.Arrival = $null; continue }
    $arrival.Busy = $true
    $about = @{ Agent = $Agent; Run = $run; Arrival = $arrival }
    Start-HomingServerSearch $Agent $run.Server $run.Plan.Name $about
  }
}

# The places to ask: those of the configuration, or the servers of the closest zone. They are given to Start-HomingCheck.
function Start-HomingServerSearch {
  param([hashtable] $Agent, [hashtable] $Server, [string] $Name, [hashtable] $About)
  $job = @{ About = $About; Agent = $Agent; Places = $null; Zone = $Name; Found = [Collections.Generic.List[object]]::new(); Resolver = $null }
  $job.Then = { param($Job) Start-HomingCheck $Job.About $Job.Found.ToArray() }
  if ($null -ne $Server.Dns) { $job.Places = [Collections.Generic.Queue[object]]::new(@($Server.Dns)) }
  else {
    $kept = $Agent.Zones[$Name]
    if ($null -ne $kept -and (Get-HomingElapsed) -lt $kept.Until) { $job.Places = [Collections.Generic.Queue[object]]::new(@($kept.Places)) }
  }
  $job.Step = {
    param($Job)
    if ($null -ne $Job.Places) { Resolve-HomingPlace $Job; return }
    $resolvers = @(Get-HomingResolver)
    if ($resolvers.Count -eq 0) { return }
    $Job.Resolver = $resolvers[0]
    Find-HomingZone $Job
  }
  Start-HomingJob $Agent.Loop $job
}

# Asks the resolver for NS, from the host upwards.
function Find-HomingZone {
  param([hashtable] $Job)
  if (-not $Job.Zone.Contains('.')) { Stop-HomingJob $Job; return }
  # Set before the query starts: its end may come at once.
  $Job.Wake = (Get-HomingTick) + 60000
  $then = {
    param($Query)
    $search = $Query.About.Search
    $names = @(if ($null -ne $Query.Answer) { $Query.Answer.Answers | Where-Object { $_.Type -eq 2 -and $_.Name -eq $Query.Name } | ForEach-Object { $_.Data } })
    if ($names.Count -eq 0) {
      $search.Zone = $search.Zone.Substring($search.Zone.IndexOf('.') + 1)
      Find-HomingZone $search
      return
    }
    $places = @(foreach ($name in $names) { @{ Name = $name; Port = 53 } })
    $search.Agent.Zones[$search.About.Run.Plan.Name] = @{ Places = $places; Until = (Get-HomingElapsed) + 3600000 }
    $search.Places = [Collections.Generic.Queue[object]]::new($places)
    Invoke-HomingStep $search { param($Job) Resolve-HomingPlace $Job }
  }
  [void] (Start-HomingDnsQuery $Job.Agent.Loop $Job.Resolver @{ Name = $Job.Zone; Type = 'NS'; Recurse = $true } $then @{ Search = $Job })
}

# Names of servers -> addresses, one after the other.
function Resolve-HomingPlace {
  param([hashtable] $Job)
  while ($Job.Places.Count -gt 0) {
    $place = $Job.Places.Peek()
    $address = ConvertTo-HomingAddress $place.Name ''
    if ($null -ne $address) {
      [void] $Job.Places.Dequeue()
      $Job.Found.Add([Net.IPEndPoint]::new($address, $place.Port))
      continue
    }
    $Job.Task = [Net.Dns]::GetHostAddressesAsync($place.Name)
    $Job.Step = {
      param($Job)
      $place = $Job.Places.Dequeue()
      if (-not $Job.Done.IsFaulted) { foreach ($address in @($Job.Done.Result)) { if ($Job.Found.Count -lt 8) { $Job.Found.Add([Net.IPEndPoint]::new($address, $place.Port)) } } }
      Resolve-HomingPlace $Job
    }
    return
  }
}

# Asks every server for every family.
function Start-HomingCheck {
  param([hashtable] $About, [Net.IPEndPoint[]] $Servers)
  $run = $About.Run
  if ($Servers.Length -eq 0) {
    if (-not $run.ContainsKey('Told')) {
      $run.Told = $true
      Write-HomingLog $About.Agent.Log 'warned' "No name server of $($run.Plan.Name) is known here; whether addresses arrive in DNS is not looked at." (New-HomingLogMember $run)
    }
    Complete-HomingArrival $About 'unknown'
    return
  }
  $families = @($About.Arrival.Families | Where-Object { $null -ne $run.Record['acknowledged'][$_] })
  $check = @{ About = $About; Left = $Servers.Length * $families.Count; Heard = 0; Wrong = 0 }
  if ($check.Left -eq 0) { Complete-HomingArrival $About 'unknown'; return }
  $then = {
    param($Query)
    $check = $Query.About.Check
    $check.Left--
    $wanted = $check.About.Run.Record['acknowledged'][$Query.About.Family]
    if ($null -ne $Query.Answer -and $null -ne $wanted) {
      $check.Heard++
      $there = @($Query.Answer.Answers | Where-Object { $_.Data -ceq $wanted['address'] }).Count -gt 0
      if (-not $there) { $check.Wrong++ }
    }
    if ($check.Left -eq 0) { Complete-HomingArrival $check.About $(if ($check.Heard -gt 0 -and $check.Wrong -eq 0) { 'there' } else { 'missing' }) }
  }
  foreach ($server in $Servers) {
    foreach ($family in $families) {
      $question = @{ Name = $run.Plan.Name; Type = $(if ($family -eq 'ipv4') { 'A' } else { 'AAAA' }); Recurse = $false }
      [void] (Start-HomingDnsQuery $About.Agent.Loop $server $question $then @{ Check = $check; Family = $family })
    }
  }
}

function Complete-HomingArrival {
  param([hashtable] $About, [string] $Result)
  $run = $About.Run
  $arrival = $About.Arrival
  $arrival.Busy = $false
  # A later update has a verification of its own.
  if (-not [object]::ReferenceEquals($run.Arrival, $arrival)) { return }
  $arrival.Tries++
  if ($Result -eq 'missing' -and $arrival.Tries -lt 5) {
    $arrival.Next = (Get-HomingElapsed) + $script:HomingArrivalPauses[$arrival.Tries]
    return
  }
  $run.Arrival = $null
  $verified = New-HomingDictionary
  $verified['at'] = Format-HomingTime (Get-HomingTime)
  $verified['result'] = $Result
  $run.Record['verified'] = $verified
  $About.Agent.Dirty = $true
  if ($Result -eq 'missing') {
    $members = New-HomingLogMember $run
    $members.trace = $arrival.Trace
    $members.addresses = @(foreach ($family in $arrival.Families) { if ($null -ne $run.Record['acknowledged'][$family]) { $run.Record['acknowledged'][$family]['address'] } })
    Write-HomingLog $About.Agent.Log 'missing' "$($run.Plan.Name): the server took the address, but DNS does not have it." $members
  }
}
