function Uninstall-HomingAgent {
  <#
  .SYNOPSIS
  Takes the agent off this machine of Windows: service, task, event source, configuration, secret, state, log, program.
  .PARAMETER KeepData
  Leaves the folder with configuration, secret and state.
  .EXAMPLE
  Uninstall-HomingAgent
  .EXAMPLE
  Uninstall-HomingAgent -KeepData -WhatIf
  #>
  [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium')]
  param([switch] $KeepData)
  if (-not $script:HomingPlatform.Windows) { Stop-HomingCommand $PSCmdlet 'HomingWindowsOnly' 'This is for Windows.' $null }
  if (-not (Test-HomingElevation) -and -not $WhatIfPreference) { Stop-HomingCommand $PSCmdlet 'HomingElevation' 'Run this as administrator.' $null }
  $plan = @{ Layout = Get-HomingLayout }
  if ($PSCmdlet.ShouldProcess($plan.Layout.Path, 'End the agent')) { Stop-HomingInstalled $plan.Layout }
  foreach ($step in @(Get-HomingUninstallStep $plan.Layout ([bool] $KeepData))) {
    if (-not $PSCmdlet.ShouldProcess($step.Name, 'Uninstall')) { continue }
    $PSCmdlet.WriteVerbose($step.Name)
    try { & $step.Do $plan } catch { Stop-HomingCommand $PSCmdlet 'HomingUninstallStep' "To $($step.Name) failed: $($_.Exception.GetBaseException().Message)" $step.Name }
  }
}
