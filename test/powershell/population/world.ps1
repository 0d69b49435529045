# Agents of the module on one timeline, in one process. What is simulated is the world: the machine's clocks and links, what
# its sources of addresses say, the network between it and the server, and its disk. All between is the module's own: when
# a round is, what is sent, what a reply changes, how long is waited. Dot-sourced into the module.

$script:World = @{
  Start = [datetime]::new(2030, 1, 1, 0, 0, 0, [DateTimeKind]::Utc); Now = 0.0; Wall = 0.0; Uptime = 60000.0; Random = [Random]::new(42)
  Queue = [Collections.Generic.PriorityQueue[hashtable, ValueTuple[double, long]]]::new(); Order = 0L
  Link = 'down'; Address = '9.9.9.1'; Answers = @(@{ Code = 'good'; Retry = '' })
  Looks = [Collections.Generic.List[double]]::new(); Sent = [Collections.Generic.List[hashtable]]::new(); Events = [Collections.Generic.List[string]]::new()
  Members = @()
}

$script:HomingClock = @{
  UtcNow = { $script:World.Start.AddMilliseconds($script:World.Now + $script:World.Wall) }
  Elapsed = { $script:World.Now }
  Uptime = { $script:World.Uptime }
  Random = { $script:World.Random.NextDouble() }
  Idle = { throw 'nothing waits here' }
  Slice = 400
}

# The machine and its disk.
function Get-HomingInterfaceMark { $script:World.Link }
function Write-HomingState { }
function Add-HomingLogLine {
  param([hashtable] $Log, [string] $Line)
  $script:World.Events.Add($Line)
}

# What the sources say, at once.
function Start-HomingDetection {
  param([hashtable] $Loop, [string] $Family, [hashtable] $Settings, [hashtable] $Context, [scriptblock] $Then, [hashtable] $About)
  $script:World.Looks.Add($script:World.Now)
  & $Then @{ Family = $Family; Address = $script:World.Address; Words = ''; Answers = @(); About = $About }
}

# The network: a reply comes a tenth of a second later, one of Answers by chance. Its Code is '' where nobody listens.
function Start-HomingExchange {
  param([hashtable] $Loop, [hashtable] $Request, [scriptblock] $Then, [hashtable] $About)
  $answer = $script:World.Answers[$script:World.Random.Next($script:World.Answers.Count)]
  $reply = @{ Code = $null; Words = ''; Status = 200; Headers = @{ 'retry-after' = $answer.Retry }; Body = [Text.Encoding]::ASCII.GetBytes($answer.Code); Cut = $false; Location = $null }
  if (-not $answer.Code) { $reply.Code = 'network'; $reply.Words = 'the connection was refused' }
  $script:World.Sent.Add(@{ at = $script:World.Now; agent = $About.Agent.Number; host = $About.Run.Plan.Name; code = $answer.Code; retry = $answer.Retry; addresses = [string]::Join(',', $About.Sent) })
  Add-WorldEvent ($script:World.Now + 100) @{ Agent = $About.Agent; Job = @{ Reply = $reply; Then = $Then; About = $About } }
}

function Add-WorldEvent {
  param([double] $At, [hashtable] $Item)
  $script:World.Queue.Enqueue($Item, [ValueTuple[double, long]]::new($At, $script:World.Order++))
}

# So many machines start in this moment, each with one agent. Prepare is given each agent before its first round.
function Start-WorldAgent {
  param([hashtable] $Read, [int] $Count, [scriptblock] $Prepare)
  $folder = [IO.Path]::GetDirectoryName($Read.Path)
  $script:World.Queue.Clear()
  $first = New-HomingAgent $Read $folder $null
  $script:World.Members = @(for ($n = 0; $n -lt $Count; $n++) {
      # Reading the same configuration 3,000 times is all that a copy leaves out.
      $agent = if ($n -eq 0) { $first } else { Copy-WorldAgent $first }
      $agent.Number = $n
      $agent.Busy = 0
      $agent.Planned = [double]::PositiveInfinity
      $agent.Watch = New-HomingWatch $agent
      Set-HomingStart $agent
      if ($Prepare) { & $Prepare $agent }
      Set-WorldStep $agent (Get-HomingNextMoment $agent)
      $agent
    })
}

function Copy-WorldAgent {
  param([hashtable] $Agent)
  $copy = $Agent.Clone()
  $copy.State = New-HomingState
  $copy.Loop = New-HomingLoop
  $copy.Runs = New-HomingDictionary
  $copy.Gates = @{}
  foreach ($name in $Agent.Gates.Keys) { $copy.Gates[$name] = New-HomingGate }
  foreach ($key in $Agent.Runs.Keys) {
    $run = $Agent.Runs[$key].Clone()
    $run.Record = New-HomingRecord $run.Record['place']
    $copy.Runs[$key] = $run
    $copy.State['hosts'][$key] = $run.Record
  }
  $copy
}

function Set-WorldStep {
  param([hashtable] $Agent, [double] $At)
  $At = [Math]::Max($At, $script:World.Now + 1)
  if ($At -ge $Agent.Planned) { return }
  $Agent.Planned = $At
  Add-WorldEvent $At @{ Agent = $Agent; Job = $null }
}

# Every agent looks around now, as it does several times a second.
function Step-WorldAll { foreach ($agent in $script:World.Members) { Set-WorldStep $agent ($script:World.Now + 1) } }

# Everything that happens until then.
function Step-World {
  param([double] $Until)
  $world = $script:World
  $item = $null
  $key = [ValueTuple[double, long]]::new(0.0, 0L)
  while ($world.Queue.TryPeek([ref] $item, [ref] $key) -and $key.Item1 -le $Until) {
    [void] $world.Queue.Dequeue()
    $agent = $item.Agent
    if ($null -eq $item.Job -and $agent.Planned -ne $key.Item1) { continue }
    $world.Now = $key.Item1
    if ($null -ne $item.Job) { & $item.Job.Then $item.Job }
    else {
      $agent.Planned = [double]::PositiveInfinity
      # A moment that stays due would keep a machine busy for nothing.
      $agent.Busy = if ($world.Now - $agent.Watch.Elapsed -lt 2) { 1 + $agent.Busy } else { 0 }
      if ($agent.Busy -gt 50) { throw "agent $($agent.Number) has something due at $($world.Now) and does nothing" }
      $agent.Watch.Slept = $world.Now - $agent.Watch.Elapsed
      Step-HomingAgent $agent $agent.Watch
    }
    Set-WorldStep $agent (Get-HomingNextMoment $agent)
  }
  $world.Now = $Until
}

# An agent that has tried since the given moment at a server that is away until now: what its failures have come to.
function Set-WorldOutage {
  param([hashtable] $Agent, [double] $Since)
  $run = @($Agent.Runs.Values)[0]
  $gate = @($Agent.Gates.Values)[0]
  $failures = 0
  $next = $Since
  while ($next -lt $script:World.Now) {
    if ($null -ne $gate.ProbeAt) { $gate.Prober = $run.Key }
    $open = Add-HomingFailure $gate $run.Key $next
    $next = if ($open) { $gate.ProbeAt } else { $next + (Get-HomingBackOff $failures) }
    $failures++
  }
  $run.Record['failures'] = $failures
  $run.Held = $open
  $run.Due = if ($open) { $null } else { $next }
}
