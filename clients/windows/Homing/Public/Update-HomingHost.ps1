function Update-HomingHost {
  <#
  .SYNOPSIS
  Looks at the addresses of this machine once and sends what differs.
  .DESCRIPTION
  One round of the agent: hosts whose address the server has are left alone, hosts that a server refused stay stopped,
  and a back-off is kept to. With -Force each host is sent, and a stopped one is tried once.
  .PARAMETER Name
  Only these hosts.
  .PARAMETER Path
  The configuration, YAML or JSON. By default agent.yaml or agent.json in the folder Homing below ProgramData.
  .PARAMETER Force
  Sends every address, whatever is known of it.
  .EXAMPLE
  Update-HomingHost
  .EXAMPLE
  'pc.dyn.example.org' | Update-HomingHost -Force
  .OUTPUTS
  One object for each host: Host, Server, Outcome (done, unchanged, waiting, unknown, failed, stopped), Code, Words, Addresses.
  #>
  [CmdletBinding(SupportsShouldProcess)]
  param(
    [Parameter(ValueFromPipeline, ValueFromPipelineByPropertyName)] [Alias('Host')] [string[]] $Name,
    [string] $Path = '',
    [switch] $Force
  )
  begin { $names = [Collections.Generic.List[string]]::new() }
  process { foreach ($one in $Name) { if ($one) { $names.Add($one.TrimEnd('.').ToLowerInvariant()) } } }
  end {
    $full = Resolve-HomingGiven $PSCmdlet $Path
    $read = Read-HomingValid $PSCmdlet $full
    foreach ($one in $names) {
      $known = @($read.Value.Hosts | ForEach-Object { $_.Name })
      if ($known -notcontains $one) { Stop-HomingCommand $PSCmdlet 'HomingHostUnknown' "There is no host $one in $full." $one }
    }
    $shown = if ($names.Count -gt 0) { [string]::Join(', ', $names) } else { "all hosts of $full" }
    if (-not $PSCmdlet.ShouldProcess($shown, 'Update')) { return }
    $folder = Get-HomingFolder $full
    $place = Enter-HomingPlace $folder
    if ($place.Barred) { Stop-HomingCommand $PSCmdlet 'HomingBarred' $place.Words $full }
    if (-not $place.Held) { Stop-HomingCommand $PSCmdlet 'HomingBusy' "$($place.Words). It looks by itself, and at once when the configuration or a secret changes." $full }
    try {
      $agent = New-HomingAgent $read $folder (Get-HomingEventSink)
      $runs = @(@($agent.Runs.Values) | Where-Object { $names.Count -eq 0 -or $names.Contains($_.Plan.Name) })
      Invoke-HomingRound $agent $runs -Force:$Force
      foreach ($run in $runs) { ConvertTo-HomingResult $run }
    } finally { Exit-HomingPlace $place }
  }
}

# A run after its round, for people and scripts.
function ConvertTo-HomingResult {
  param([hashtable] $Run)
  $reply = $Run.Record['reply']
  $stop = $Run.Record['stop']
  $result = [ordered] @{ Host = $Run.Plan.Name; Server = $Run.Plan.Server; Outcome = 'unchanged'; Code = ''; Words = 'The server has what this machine has.'; Addresses = @(@('ipv4', 'ipv6') | Where-Object { $Run.Found.ContainsKey($_) } | ForEach-Object { $Run.Found[$_] }); Verified = $null }
  if ($null -ne $Run.Tried) {
    $result.Outcome = $Run.Tried.Outcome
    $result.Code = $Run.Tried.Code
    $result.Words = $Run.Tried.Words
    if ($Run.Tried.Outcome -eq 'done' -and $null -ne $Run.Record['verified']) { $result.Verified = $Run.Record['verified']['result'] -eq 'there' }
  } elseif ($null -ne $stop) {
    $result.Outcome = 'stopped'
    $result.Code = $stop['code']
    $result.Words = $script:HomingStopWords[[string] $stop['code']]
  } elseif ($null -ne $Run.Due -or $Run.Held) {
    $result.Outcome = if ($Run.Record['failures'] -gt 0) { 'failed' } else { 'waiting' }
    if ($null -ne $reply) { $result.Code = $reply['code'] }
    $result.Words = "Tried again at $(if ($null -ne $Run.Due) { ConvertTo-HomingWall $Run.Due } else { $Run.Record['next'] })."
  } elseif ($result.Addresses.Count -eq 0) {
    $result.Outcome = 'unknown'
    $result.Words = 'No address of this machine is known; Get-HomingAddress says which source said what.'
  }
  $object = [pscustomobject] $result
  $object.PSObject.TypeNames.Insert(0, 'Homing.Result')
  $object
}
