# Homing: keeps the names of this machine right (docs/protocol/agent.md).
#
# The core uses the language, .NET types that both the .NET Framework 4.6.2 and .NET have, and no cmdlet outside of
# Microsoft.PowerShell.Core; what Windows alone can do is in the folder Windows.
Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'

$script:HomingVersion = '0.1.0'

$script:HomingRoot = $PSScriptRoot

# What this machine is. Tests of rules for another system replace it.
$script:HomingPlatform = @{ Windows = [IO.Path]::DirectorySeparatorChar -eq '\'; Resolvers = @() }

foreach ($folder in 'Core', 'Network', 'Detection', 'Configuration', 'Agent', 'Windows', 'Public') {
  $files = [IO.Directory]::GetFiles([IO.Path]::Combine($PSScriptRoot, $folder), '*.ps1')
  [Array]::Sort($files, [StringComparer]::Ordinal)
  foreach ($file in $files) { . $file }
}
