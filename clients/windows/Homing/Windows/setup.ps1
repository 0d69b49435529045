# The installation as a list of steps, decided before the first one is done: what -WhatIf shows is what is done.
# Each step: @{ Name; Do }, Do given the plan. Every step may be done again.

# Program Files of the system's own width, also for a PowerShell of 32 bits: that is what Intune runs.
function Get-HomingProgramFolder {
  if ([Environment]::Is64BitProcess -or -not [Environment]::Is64BitOperatingSystem) { return [Environment]::GetFolderPath('ProgramFiles') }
  $key = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64').OpenSubKey('SOFTWARE\Microsoft\Windows\CurrentVersion')
  try { [string] $key.GetValue('ProgramFilesDir') } finally { $key.Dispose() }
}

# Where things are. Program: the module and what comes with it. Data: configuration, secret, state, log.
function Get-HomingLayout {
  $program = [IO.Path]::Combine((Get-HomingProgramFolder), 'Homing')
  $path = Get-HomingConfigurationPath
  @{
    Program = $program; Data = Get-HomingFolder $path; Path = $path; Token = [IO.Path]::Combine((Get-HomingFolder $path), 'home.token')
    Module = [IO.Path]::Combine($program, 'Homing'); Service = [IO.Path]::Combine($program, 'homing-service.exe')
    PowerShell = [IO.Path]::Combine([Environment]::SystemDirectory, 'WindowsPowerShell\v1.0\powershell.exe')
  }
}

# Plan: @{ Layout; Mode (service, task); Document or null; Token or null; ServiceProgram; Source (folder of the module) }.
function Get-HomingInstallStep {
  param([hashtable] $Plan)
  $layout = $Plan.Layout
  @{ Name = 'stop what runs'; Do = { param($Plan) Stop-HomingInstalled $Plan.Layout } }
  @{ Name = "copy the module to $($layout.Module)"; Do = { param($Plan) Copy-HomingFolder $Plan.Source $Plan.Layout.Module } }
  @{ Name = "guard $($layout.Data)"; Do = { param($Plan) Protect-HomingFolder $Plan.Layout.Data } }
  if ($Plan.Mode -eq 'service') {
    @{ Name = "copy the service host to $($layout.Service)"; Do = { param($Plan) if ($Plan.ServiceProgram -ne $Plan.Layout.Service) { [IO.File]::Copy($Plan.ServiceProgram, $Plan.Layout.Service, $true) } } }
  }
  if ($null -ne $Plan.Token) { @{ Name = "write the protected token to $($layout.Token)"; Do = { param($Plan) Write-HomingFile $Plan.Layout.Token (Protect-HomingText $Plan.Token) } } }
  if ($null -ne $Plan.Document) { @{ Name = "write $($layout.Path)"; Do = { param($Plan) Write-HomingDocument $Plan.Layout.Path $Plan.Document } } }
  $script = [IO.Path]::Combine($layout.Module, 'agent.ps1')
  if ($Plan.Mode -eq 'service') {
    @{ Name = 'remove the scheduled task, if there is one'; Do = { Unregister-HomingTask } }
    @{ Name = 'make the service HomingAgent and start it'; Do = { param($Plan) Register-HomingService $Plan.Layout.Service $Plan.Layout.PowerShell $Plan.Script $Plan.Layout.Path } }
    @{ Name = "let the service read $($layout.Token)"; Do = { param($Plan) if ([IO.File]::Exists($Plan.Layout.Token)) { Set-HomingFileAccess $Plan.Layout.Token @() } } }
  } else {
    @{ Name = 'remove the service, if there is one'; Do = { param($Plan) Unregister-HomingService $Plan.Layout.Service } }
    @{ Name = 'register the event source'; Do = { Register-HomingEventSource } }
    @{ Name = "let the task read $($layout.Token)"; Do = { param($Plan) if ([IO.File]::Exists($Plan.Layout.Token)) { Set-HomingFileAccess $Plan.Layout.Token @('S-1-5-19') } } }
    @{ Name = 'make the scheduled task and run it'; Do = { param($Plan) Register-HomingTask (New-HomingTaskXml $Plan.Layout.PowerShell $Plan.Script $Plan.Layout.Path) $Plan.Layout.Data } }
  }
  $Plan.Script = $script
}

function Get-HomingUninstallStep {
  param([hashtable] $Layout, [bool] $Keep)
  @{ Name = 'remove the scheduled task, if there is one'; Do = { Unregister-HomingTask } }
  @{ Name = 'remove the service, if there is one'; Do = { param($Plan) Unregister-HomingService $Plan.Layout.Service } }
  @{ Name = 'take the event source away'; Do = { Unregister-HomingEventSource } }
  if (-not $Keep) { @{ Name = "delete $($Layout.Data)"; Do = { param($Plan) Remove-HomingFolder $Plan.Layout.Data } } }
  @{ Name = "delete $($Layout.Program)"; Do = { param($Plan) Remove-HomingFolder $Plan.Layout.Program } }
}

# Asks a running agent to end, and gives it its time.
function Stop-HomingInstalled {
  param([hashtable] $Layout)
  if (-not (Test-HomingPlace $Layout.Data)) { return }
  if ([IO.File]::Exists($Layout.Service)) { [void] (Invoke-HomingProgram $Layout.Service 'stop --name HomingAgent') }
  else { [IO.File]::WriteAllText([IO.Path]::Combine($Layout.Data, 'stop'), '') }
  for ($i = 0; $i -lt 40 -and (Test-HomingPlace $Layout.Data); $i++) { [Threading.Thread]::Sleep(250) }
}

# A folder as it is in the source: files that are no more there go as well.
function Copy-HomingFolder {
  param([string] $From, [string] $To)
  $separators = [char[]] '\/'
  $source = [IO.Path]::GetFullPath($From).TrimEnd($separators)
  $target = [IO.Path]::GetFullPath($To).TrimEnd($separators)
  if ($source -eq $target) { return }
  [void] [IO.Directory]::CreateDirectory($target)
  $wanted = @{}
  foreach ($file in [IO.Directory]::GetFiles($source, '*', [IO.SearchOption]::AllDirectories)) {
    $place = [IO.Path]::Combine($target, $file.Substring($source.Length + 1))
    $wanted[$place] = $true
    [void] [IO.Directory]::CreateDirectory([IO.Path]::GetDirectoryName($place))
    [IO.File]::Copy($file, $place, $true)
  }
  foreach ($file in [IO.Directory]::GetFiles($target, '*', [IO.SearchOption]::AllDirectories)) { if (-not $wanted.ContainsKey($file)) { [IO.File]::Delete($file) } }
}

function Remove-HomingFolder {
  param([string] $Path)
  if ([IO.Directory]::Exists($Path)) { [IO.Directory]::Delete($Path, $true) }
}
