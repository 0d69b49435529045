# The event log of Windows (A-8.3). The classes are in System.dll of the .NET Framework, and beside PowerShell 7.

$script:HomingEventSource = 'Homing Agent'

# What New-HomingAgent sends events to; null on other systems.
function Get-HomingEventSink {
  if (-not $script:HomingPlatform.Windows) { return $null }
  { param($Id, $Kind, $Text) [Diagnostics.EventLog]::WriteEntry($script:HomingEventSource, $Text, [Diagnostics.EventLogEntryType] $Kind, $Id) }
}

# Registers the source; takes an administrator.
function Register-HomingEventSource {
  if (-not [Diagnostics.EventLog]::SourceExists($script:HomingEventSource)) { [Diagnostics.EventLog]::CreateEventSource($script:HomingEventSource, 'Application') }
}

function Unregister-HomingEventSource {
  if ([Diagnostics.EventLog]::SourceExists($script:HomingEventSource)) { [Diagnostics.EventLog]::DeleteEventSource($script:HomingEventSource) }
}
