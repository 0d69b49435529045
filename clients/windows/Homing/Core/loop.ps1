# Many exchanges at once on one thread: each is a job, a hashtable whose Step runs again when its .NET task ended or its
# time came. No script runs on another thread, which Windows PowerShell does not survive.
#
# Members of a job: Step (script block, given the job), Task (what it waits for, or null), Due (tick in ms at which Late
# runs instead), Late (script block), Then (runs once, at the end), Ended. A Step that leaves neither Task nor Wake ends
# its job. Wake is a tick at which Step runs without a task.

# The loop: its jobs, and the connections that wait to be used again.
function New-HomingLoop {
  @{ Jobs = [Collections.Generic.List[hashtable]]::new(); Idle = @{} }
}

# Adds a job and runs its first step.
function Start-HomingJob {
  param([hashtable] $Loop, [hashtable] $Job)
  foreach ($name in 'Task', 'Late', 'Then', 'Fault') { if (-not $Job.ContainsKey($name)) { $Job[$name] = $null } }
  foreach ($name in 'Due', 'Wake') { if (-not $Job.ContainsKey($name)) { $Job[$name] = [double]::PositiveInfinity } }
  $Job.Ended = $false
  $Job.Loop = $Loop
  $Loop.Jobs.Add($Job)
  Invoke-HomingStep $Job $Job.Step
}

# Ends a job at once; what it waits for is left behind.
function Stop-HomingJob {
  param([hashtable] $Job)
  if ($Job.Ended) { return }
  $Job.Ended = $true
  [void] $Job.Loop.Jobs.Remove($Job)
  if ($Job.Then) { & $Job.Then $Job }
}

function Invoke-HomingStep {
  param([hashtable] $Job, [scriptblock] $Step)
  $Job.Wake = [double]::PositiveInfinity
  try {
    & $Step $Job
  } catch {
    # Told to the job's owner by Then: one exchange that goes wrong in a way nobody foresaw must not end the agent.
    $Job.Fault = $_
    $Job.Task = $null
  }
  if (-not $Job.Ended -and $null -eq $Job.Task -and $Job.Wake -eq [double]::PositiveInfinity) { Stop-HomingJob $Job }
}

# Waits up to so many milliseconds for something to do and does it. Returns whether there was anything.
function Step-HomingLoop {
  param([hashtable] $Loop, [double] $Milliseconds)
  $tick = Get-HomingTick
  $until = $tick + $Milliseconds
  $tasks = [Collections.Generic.List[Threading.Tasks.Task]]::new()
  foreach ($job in $Loop.Jobs) {
    if ($null -ne $job.Task) { $tasks.Add($job.Task) }
    $until = [Math]::Min($until, [Math]::Min($job.Due, $job.Wake))
  }
  $wait = [int] [Math]::Ceiling([Math]::Max(0, $until - $tick))
  if ($tasks.Count -gt 0) { [void] [Threading.Tasks.Task]::WaitAny($tasks.ToArray(), $wait) }
  elseif ($Loop.Jobs.Count -gt 0 -and $wait -gt 0) { [Threading.Thread]::Sleep($wait) }
  $tick = Get-HomingTick
  $worked = $false
  foreach ($job in $Loop.Jobs.ToArray()) {
    if ($job.Ended) { continue }
    if ($null -ne $job.Task -and $job.Task.IsCompleted) {
      $worked = $true
      $done = $job.Task
      $job.Task = $null
      $job.Done = $done
      Invoke-HomingStep $job $job.Step
    } elseif ($job.Wake -le $tick) {
      $worked = $true
      Invoke-HomingStep $job $job.Step
    } elseif ($job.Due -le $tick) {
      $worked = $true
      $job.Task = $null
      $job.Due = [double]::PositiveInfinity
      Invoke-HomingStep $job $job.Late
    }
  }
  $worked
}

# Runs the loop until every one of the given jobs has ended.
function Wait-HomingJob {
  param([hashtable] $Loop, [hashtable[]] $Jobs)
  while (@($Jobs | Where-Object { -not $_.Ended }).Count -gt 0) { [void] (Step-HomingLoop $Loop $script:HomingClock.Slice) }
}

# The innermost reason of a task that failed, as an exception; of one that was called off, an OperationCanceledException.
function Get-HomingTaskError {
  param([Threading.Tasks.Task] $Task)
  if ($Task.IsFaulted) { return $Task.Exception.GetBaseException() }
  if ($Task.IsCanceled) { return [OperationCanceledException]::new() }
  $null
}
