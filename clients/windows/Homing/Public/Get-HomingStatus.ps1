function Get-HomingStatus {
  <#
  .SYNOPSIS
  Says of each host which address it has, since when, what the server last said, and when it is tried again.
  .DESCRIPTION
  Reads the state that the agent keeps; nothing is sent. ExitCode of each object is for monitoring: 0 all is well, 1 it
  failed and is tried again, or no address was found, 2 it is stopped, 3 nothing is known or no agent runs.
  .PARAMETER Path
  The configuration, YAML or JSON. By default agent.yaml or agent.json in the folder Homing below ProgramData.
  .PARAMETER AsJson
  One JSON text in place of objects.
  .EXAMPLE
  Get-HomingStatus
  .EXAMPLE
  Get-HomingStatus | Where-Object ExitCode -ne 0
  .OUTPUTS
  One object for each host: Host, Server, IPv4, IPv4Since, IPv6, IPv6Since, InDns, Reply, ReplyAt, Next, Running, ExitCode.
  #>
  [CmdletBinding()]
  param([Parameter(Position = 0)] [string] $Path = '', [switch] $AsJson)
  $full = Resolve-HomingGiven $PSCmdlet $Path
  $folder = Get-HomingFolder $full
  $file = [IO.Path]::Combine($folder, 'state.json')
  $found = @()
  if ([IO.File]::Exists($file)) {
    $state = $null
    try { $state = Copy-HomingState (ConvertFrom-HomingJson ([IO.File]::ReadAllText($file))) }
    catch { $PSCmdlet.WriteWarning("$file cannot be read: $($_.Exception.GetBaseException().Message)") }
    if ($null -ne $state) {
      $running = Test-HomingRunning $full $state
      $found = @(foreach ($key in @($state['hosts'].Keys)) { ConvertTo-HomingStatus $key $state $running })
    }
  }
  if ($AsJson) { ConvertTo-HomingJson $found -Indented } else { $found }
}

# A process has the place, or rounds are run one by one, by the Task Scheduler, the last one within a day.
function Test-HomingRunning {
  param([string] $Path, $State)
  if (Test-HomingPlace (Get-HomingFolder $Path)) { return $true }
  $round = $State['round']
  $at = if ($round -is [Collections.IDictionary]) { ConvertFrom-HomingTime $round['at'] } else { $null }
  if ($null -eq $at -or $null -ne $State['next']) { return $false }
  [Math]::Abs(((Get-HomingTime) - $at).TotalHours) -lt 24
}

function ConvertTo-HomingStatus {
  param([string] $Key, $State, [bool] $Running)
  $record = $State['hosts'][$Key]
  $slash = $Key.IndexOf('/')
  $reply = $record['reply']
  $code = 0
  if (-not $Running -or ($null -eq $reply -and $record['acknowledged'].Count -eq 0)) { $code = 3 }
  $found = @(@($record['looks'].Values) | Where-Object { $null -ne $_ -and $null -ne $_['address'] })
  if ($record['failures'] -gt 0 -or ($record['looks'].Count -gt 0 -and $found.Count -eq 0)) { $code = 1 }
  if ($null -ne $record['stop']) { $code = 2 }
  if (-not $Running) { $code = 3 }
  $next = if ($null -ne $record['stop']) { $null } elseif ($null -ne $record['next']) { ConvertFrom-HomingTime $record['next'] } else { ConvertFrom-HomingTime $State['next'] }
  $object = [ordered] @{ PSTypeName = 'Homing.Status'; Host = $Key.Substring($slash + 1); Server = $Key.Substring(0, $slash) }
  foreach ($family in @(@('ipv4', 'IPv4'), @('ipv6', 'IPv6'))) {
    $known = $record['acknowledged'][$family[0]]
    $object[$family[1]] = if ($null -ne $known) { $known['address'] } else { $null }
    $object["$($family[1])Since"] = if ($null -ne $known) { ConvertFrom-HomingTime $known['since'] } else { $null }
  }
  $verified = $record['verified']
  $object.InDns = if ($null -eq $verified -or $verified['result'] -eq 'unknown') { $null } else { $verified['result'] -eq 'there' }
  $object.Reply = if ($null -ne $reply) { $reply['words'] } else { $null }
  $object.ReplyAt = if ($null -ne $reply) { ConvertFrom-HomingTime $reply['at'] } else { $null }
  $object.Looks = @(foreach ($family in @($record['looks'].Keys)) { [pscustomobject] @{ Family = $family; Address = $record['looks'][$family]['address']; Answers = @($record['looks'][$family]['answers'] | ForEach-Object { if ($null -ne $_) { [pscustomobject] $_ } }) } })
  $object.Next = $next
  $object.Running = $Running
  $object.ExitCode = $code
  [pscustomobject] $object
}
