# What the exported functions share: how they fail, and how they find the configuration.

# Ends the calling function with an error that scripts can tell by its id.
function Stop-HomingCommand {
  param([Management.Automation.PSCmdlet] $Cmdlet, [string] $Id, [string] $Words, [AllowNull()] $Target)
  $record = [Management.Automation.ErrorRecord]::new([InvalidOperationException]::new($Words), $Id, [Management.Automation.ErrorCategory]::InvalidOperation, $Target)
  $Cmdlet.ThrowTerminatingError($record)
}

# A path as the caller's location has it; without one, the default configuration.
function Resolve-HomingGiven {
  param([Management.Automation.PSCmdlet] $Cmdlet, [AllowEmptyString()] [string] $Path)
  if (-not $Path) { return Get-HomingConfigurationPath }
  $Cmdlet.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Path)
}

# A configuration that is valid; ends the calling function where it is not.
function Read-HomingValid {
  param([Management.Automation.PSCmdlet] $Cmdlet, [string] $Path)
  $read = Read-HomingConfiguration $Path
  if ($read.Faults.Count -gt 0) { Stop-HomingCommand $Cmdlet 'HomingConfigurationInvalid' "The configuration is not valid. $([string]::Join(' ', @($read.Faults)))" $Path }
  $read
}

# The folder of state, log and the files 'stop' and 'wake': that of the configuration.
function Get-HomingFolder {
  param([string] $Path)
  [IO.Path]::GetDirectoryName($Path)
}
