function Start-HomingAgent {
  <#
  .SYNOPSIS
  Keeps the names of this machine right until it is told to stop.
  .DESCRIPTION
  Looks at the addresses of this machine every few minutes, and at once when they change, the machine resumes from sleep
  or the configuration changes; sends what differs to the servers of the configuration. Ends with Ctrl-C, or when the
  file 'stop' appears beside the configuration. Only one agent runs for a folder; a second one fails with the error
  HomingBusy, and one that may not write there with HomingBarred.
  .PARAMETER Path
  The configuration, YAML or JSON. By default agent.yaml or agent.json in the folder Homing below ProgramData.
  .EXAMPLE
  Start-HomingAgent
  .EXAMPLE
  Start-HomingAgent -Path C:\Homing\agent.json -Verbose
  .LINK
  Update-HomingHost
  #>
  [CmdletBinding(SupportsShouldProcess)]
  param([Parameter(Position = 0)] [string] $Path = '')
  $full = Resolve-HomingGiven $PSCmdlet $Path
  $read = Read-HomingValid $PSCmdlet $full
  if (-not $PSCmdlet.ShouldProcess($full, 'Run the agent')) { return }
  $folder = Get-HomingFolder $full
  $place = Enter-HomingPlace $folder
  if (-not $place.Held) { Stop-HomingCommand $PSCmdlet $(if ($place.Barred) { 'HomingBarred' } else { 'HomingBusy' }) $place.Words $full }
  try {
    $PSCmdlet.WriteVerbose("log: $([IO.Path]::Combine($folder, 'agent.log'))")
    Invoke-HomingAgent (New-HomingAgent $read $folder (Get-HomingEventSink))
  } finally { Exit-HomingPlace $place }
}
