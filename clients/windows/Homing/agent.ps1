# What the service and the scheduled task run: a command of the module, ended with the exit codes of A-9.2 and A-9.3.
#
#   powershell.exe -NoProfile -ExecutionPolicy Bypass -File agent.ps1 run|once|check|detect|status|version [-Path FILE] [-Force] [-Json]
param(
  [Parameter(Position = 0)] [string] $Command = 'run',
  [string] $Path = '',
  [switch] $Force,
  [switch] $Json
)
Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'
$code = 0
$common = @{}
if ($Path) { $common.Path = $Path }
try {
  Import-Module ([IO.Path]::Combine($PSScriptRoot, 'Homing.psd1')) -Force
  switch ($Command) {
    'run' { Start-HomingAgent @common }
    'once' {
      $results = @(Update-HomingHost @common -Force:$Force)
      $results
      if (@($results | Where-Object { $_.Outcome -eq 'stopped' }).Count -gt 0) { $code = 2 }
      elseif (@($results | Where-Object { @('failed', 'unknown') -contains $_.Outcome }).Count -gt 0) { $code = 1 }
    }
    'check' {
      $result = Test-HomingConfiguration @common
      $result
      if (-not $result.Valid) { $code = 78 }
    }
    'detect' { Get-HomingAddress @common }
    'status' {
      $status = @(Get-HomingStatus @common)
      if ($Json) { Get-HomingStatus @common -AsJson } else { $status }
      $code = 3
      if ($status.Count -gt 0) { $code = ($status | ForEach-Object { $_.ExitCode } | ForEach-Object -Begin { $worst = 0 } -Process { if ($_ -gt $worst) { $worst = $_ } } -End { $worst }) }
    }
    'version' { (Get-Module Homing).Version.ToString() }
    default {
      [Console]::Error.WriteLine("agent.ps1: there is no command '$Command'; there are run, once, check, detect, status and version")
      $code = 64
    }
  }
} catch {
  [Console]::Error.WriteLine("agent.ps1: $($_.Exception.Message)")
  $code = switch -Wildcard ($_.FullyQualifiedErrorId) { 'HomingBusy*' { 75 } 'HomingBarred*' { 77 } 'HomingConfiguration*' { 78 } default { 1 } }
}
exit $code
