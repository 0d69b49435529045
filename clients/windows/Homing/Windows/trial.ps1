# The trial before an installation: server, host and token with a real request, before anything on the machine is changed.

# @{ Words; Addresses }: Words null where the server took the addresses of this machine.
function Test-HomingTrial {
  param($Document, [string] $Token, [string] $Base)
  $resolved = Resolve-HomingConfiguration $Document $Base
  if ($resolved.Faults.Count -gt 0) { return @{ Words = [string]::Join(' ', @($resolved.Faults)); Addresses = @() } }
  $plan = $resolved.Value.Hosts[0]
  $server = $resolved.Value.Servers[$plan.Server]
  $loop = New-HomingLoop
  # The server's own word is enough here: the update that follows is its word as well.
  $source = @{ Sources = @(ConvertTo-HomingSource 'server'); Quorum = 1; Timeout = 8000.0; ByDefault = $false }
  $context = @{ Server = $server; AllowPrivate = $plan.AllowPrivate; Previous = $null }
  $looks = @(foreach ($family in $plan.Families) { Start-HomingDetection $loop $family $source $context { } @{} })
  while (@($looks | Where-Object { -not $_.Ended }).Count -gt 0) { [void] (Step-HomingLoop $loop 200) }
  $found = [string[]] @($looks | Where-Object { $null -ne $_.Address } | ForEach-Object { $_.Address })
  if ($found.Length -eq 0) {
    $said = [string]::Join('; ', @($looks | ForEach-Object { "$($_.Family): $($_.Answers[0].Words)" }))
    return @{ Words = "$($server.Url) does not tell the address of this machine ($said)."; Addresses = @() }
  }
  foreach ($one in $resolved.Value.Hosts) {
    $job = Start-HomingExchange $loop (New-HomingUpdateRequest $server $one.Name $found $Token) $null @{}
    Wait-HomingJob $loop @($job)
    $outcome = Resolve-HomingOutcome (Get-HomingReply $job) $found (Get-HomingTime)
    if ($outcome.Outcome -ne 'done') { return @{ Words = "$($one.Name): $($outcome.Words)"; Addresses = $found } }
  }
  Clear-HomingConnection $loop
  @{ Words = $null; Addresses = $found }
}
