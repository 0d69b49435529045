# The service, made by homing-service.exe: it answers the service manager and runs the agent as its child.

# The arguments of 'homing-service.exe install' for this module.
function Get-HomingServiceArgument {
  param([string] $PowerShell, [string] $Script, [string] $Path)
  $line = '-NoProfile -NonInteractive -ExecutionPolicy Bypass -File "{0}" run{1}' -f $Script, (Format-HomingPathArgument $Path)
  $parts = @('install', '--name', 'HomingAgent', '--data', (Get-HomingFolder $Path), '--agent', $PowerShell, '--command', $line)
  [string]::Join(' ', @(foreach ($part in $parts) { Format-HomingArgument $part }))
}

# One argument as programs of Windows take a command line apart: backslashes double before a quote, and at the end.
function Format-HomingArgument {
  param([AllowEmptyString()] [string] $Text)
  if ($Text -and $Text -notmatch '[\s"]') { return $Text }
  '"' + ([regex]::Replace($Text, '(\\*)("|$)', { param($Found) $Found.Groups[1].Value * 2 + $(if ($Found.Groups[2].Length -gt 0) { '\"' } else { '' }) })) + '"'
}

# The argument that names the configuration; none for the default one, which may become a file with another ending.
function Format-HomingPathArgument {
  param([string] $Path)
  if ([IO.Path]::ChangeExtension($Path, '') -ne [IO.Path]::ChangeExtension((Get-HomingConfigurationPath), '')) { ' -Path "{0}"' -f $Path }
}

function Register-HomingService {
  param([string] $Program, [string] $PowerShell, [string] $Script, [string] $Path)
  Invoke-HomingStrictly $Program (Get-HomingServiceArgument $PowerShell $Script $Path)
}

function Unregister-HomingService {
  param([string] $Program)
  if (-not [IO.File]::Exists($Program)) { return }
  $result = Invoke-HomingProgram $Program 'uninstall --name HomingAgent'
  # 3: there is no such service.
  if ($result.Code -ne 0 -and $result.Code -ne 3) { throw [InvalidOperationException]::new("homing-service.exe ended with $($result.Code): $($result.Output)") }
}
