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

# Takes the source away, unless a service of another installation still writes to it.
function Unregister-HomingEventSource {
  if (Test-HomingHostPath @(Get-HomingServiceImage)) { return }
  if ([Diagnostics.EventLog]::SourceExists($script:HomingEventSource)) { [Diagnostics.EventLog]::DeleteEventSource($script:HomingEventSource) }
}

# Whether one of these command lines of services is that of a service host, in whichever folder.
function Test-HomingHostPath {
  param([string[]] $Image)
  @($Image | Where-Object { $_ -match '(^|[\\/"])homing-service\.exe"? run( |$)' }).Count -gt 0
}

# The command lines of all services of this machine, but of those that are being deleted.
function Get-HomingServiceImage {
  $services = [Microsoft.Win32.Registry]::LocalMachine.OpenSubKey('SYSTEM\CurrentControlSet\Services')
  try {
    foreach ($name in $services.GetSubKeyNames()) {
      # One that is not for this user to read is not one of Homing's.
      try { $key = $services.OpenSubKey($name) } catch [Security.SecurityException] { continue }
      if ($null -eq $key) { continue }
      try { if ($key.GetValue('DeleteFlag') -ne 1) { [string] $key.GetValue('ImagePath') } } finally { $key.Dispose() }
    }
  } finally { $services.Dispose() }
}
