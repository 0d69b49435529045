function Get-HomingAddress {
  <#
  .SYNOPSIS
  Asks the sources for the address of this machine and says what each of them said.
  .PARAMETER Path
  The configuration, YAML or JSON. By default agent.yaml or agent.json in the folder Homing below ProgramData.
  .PARAMETER Name
  The host whose sources are asked; by default the first one.
  .PARAMETER Family
  ipv4, ipv6, or both.
  .EXAMPLE
  Get-HomingAddress
  .EXAMPLE
  (Get-HomingAddress -Family ipv6).Answers
  .OUTPUTS
  One object for each family: Family, Address (null without a quorum), Words, Answers.
  #>
  [CmdletBinding()]
  param(
    [string] $Path = '',
    [string] $Name = '',
    [ValidateSet('ipv4', 'ipv6')] [string[]] $Family = @('ipv4', 'ipv6')
  )
  $full = Resolve-HomingGiven $PSCmdlet $Path
  $read = Read-HomingValid $PSCmdlet $full
  $plans = @($read.Value.Hosts | Where-Object { -not $Name -or $_.Name -eq $Name.TrimEnd('.') })
  if ($plans.Count -eq 0) { Stop-HomingCommand $PSCmdlet 'HomingHostUnknown' "There is no host $Name in $full." $Name }
  $plan = $plans[0]
  $loop = New-HomingLoop
  $context = @{ Server = $read.Value.Servers[$plan.Server]; AllowPrivate = $plan.AllowPrivate; Previous = $null }
  $detections = @(foreach ($one in $Family) { if ($plan.Families -contains $one) { Start-HomingDetection $loop $one $plan.Detect[$one] $context { } @{} } })
  # All of them, also those that come after the quorum: this is for people who look for a fault.
  while ($loop.Jobs.Count -gt 0) { [void] (Step-HomingLoop $loop $script:HomingClock.Slice) }
  Clear-HomingConnection $loop
  foreach ($detection in $detections) {
    [pscustomobject] @{
      PSTypeName = 'Homing.Address'; Family = $detection.Family; Address = $detection.Address; Words = $detection.Words
      Answers = @(foreach ($answer in $detection.Answers) { [pscustomobject] @{ Source = $answer.Source; Address = $answer.Address; Words = $answer.Words } })
    }
  }
}
