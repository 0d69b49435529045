<#
.SYNOPSIS
Installs Homing's agent on this machine of Windows, upgrades it in place, or takes it away.

.DESCRIPTION
Run by hand, by Install-Homing.bat, by Group Policy or Intune, or from a Homing server:

  irm https://ddns.example.org/install.ps1 | iex

What it needs lies beside it, or comes from the Homing server, compared with the server's checksums. Server, host and
token are tried with a real request before anything on the machine is changed. It may be run any number of times.

.PARAMETER Server
The address of the server: https://NAME or https://NAME:PORT.
.PARAMETER HostName
The hosts to keep right.
.PARAMETER User
The account; may be left out with a token.
.PARAMETER Token
The token of the host, or the account's password.
.PARAMETER Code
An enrolment code in place of host and token; also from the environment variable HOMING_CODE.
.PARAMETER Name
What the machine calls itself when it enrols.
.PARAMETER Serial
The serial number with which it enrols.
.PARAMETER AnswerFile
A JSON file with any of server, hostName, user, token, code, name, serial, interval, mode, allowHttp.
.PARAMETER Interval
How often the addresses are looked at, from 30s to 1d.
.PARAMETER Service
As a service (the default where homing-service.exe can be had).
.PARAMETER Task
As a scheduled task.
.PARAMETER AgentPath
A folder that holds the module's folder Homing and homing-service.exe.
.PARAMETER AllowHttp
Accepts a server without TLS.
.PARAMETER Uninstall
Takes everything away.
.PARAMETER Quiet
Says nothing but errors, and asks nothing: what is missing is an error.

.EXAMPLE
.\install.ps1 -Server https://ddns.example.org -HostName pc.dyn.example.org -User alice -Token TOKEN -Quiet
.EXAMPLE
.\install.ps1 -Uninstall
#>
[CmdletBinding(SupportsShouldProcess)]
param(
  [string] $Server = '', [string[]] $HostName = @(), [string] $User = '', [string] $Token = '', [string] $Code = '',
  [string] $Name = '', [string] $Serial = '', [string] $AnswerFile = '', [string] $Interval = '',
  [switch] $Service, [switch] $Task, [string] $AgentPath = '', [switch] $AllowHttp, [switch] $Uninstall, [switch] $Quiet
)
# In a scope of its own: run by iex, nothing of it stays in the session of the person who typed it.
& {
  param([Collections.IDictionary] $Bound, [AllowEmptyString()] [string] $Script, [bool] $Try)
  Set-StrictMode -Version 3
  $ErrorActionPreference = 'Stop'

  $HomingServer = '' # homing:server

  # Says something to a person.
  function Write-HomingWord {
    param([string] $Words, [bool] $Silent)
    if (-not $Silent) { [Console]::Out.WriteLine($Words) }
  }

  # One file of the server, as octets. Nothing is written to disk before its checksum is right.
  function Receive-HomingFile {
    param([string] $Base, [string] $File)
    $client = [Net.WebClient]::new()
    try {
      $client.Headers['User-Agent'] = 'Homing-Install/0.1.0'
      , $client.DownloadData("$Base/clients/$File")
    } finally { $client.Dispose() }
  }

  function Get-HomingDigest {
    param([byte[]] $Octets)
    $sha = [Security.Cryptography.SHA256]::Create()
    try { ([BitConverter]::ToString($sha.ComputeHash($Octets)) -replace '-', '').ToLowerInvariant() } finally { $sha.Dispose() }
  }

  # checksums.txt -> name and SHA-256 of each file.
  function ConvertFrom-HomingChecksum {
    param([string] $Text)
    $sums = @{}
    foreach ($line in $Text -split "`r?`n") { if ($line -cmatch '^([0-9a-f]{64}) [ *](\S+)$') { $sums[$Matches[2]] = $Matches[1] } }
    $sums
  }

  # Fetches the module, and the service host where the server has it, into a new folder; its path.
  function Save-HomingPackage {
    param([string] $Base, [bool] $WithService)
    $folder = [IO.Path]::Combine([IO.Path]::GetTempPath(), 'homing-' + [Guid]::NewGuid().ToString('N'))
    $sums = ConvertFrom-HomingChecksum ([Text.Encoding]::UTF8.GetString((Receive-HomingFile $Base 'checksums.txt')))
    if (-not $sums.ContainsKey('homing-powershell.zip')) { throw [InvalidOperationException]::new("$Base does not hand out homing-powershell.zip") }
    $wanted = @('homing-powershell.zip')
    if ($WithService -and $sums.ContainsKey('homing-service.exe')) { $wanted += 'homing-service.exe' }
    [void] [IO.Directory]::CreateDirectory($folder)
    try {
      foreach ($file in $wanted) {
        $octets = Receive-HomingFile $Base $file
        if ((Get-HomingDigest $octets) -cne $sums[$file]) { throw [InvalidOperationException]::new("$file from $Base is not what its checksum says") }
        [IO.File]::WriteAllBytes([IO.Path]::Combine($folder, $file), $octets)
      }
      # Not loaded by itself in the .NET Framework.
      [void] [Reflection.Assembly]::Load($(if ($PSVersionTable.PSVersion.Major -lt 6) { 'System.IO.Compression.FileSystem, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089' } else { 'System.IO.Compression.ZipFile' }))
      [IO.Compression.ZipFile]::ExtractToDirectory([IO.Path]::Combine($folder, 'homing-powershell.zip'), $folder)
    } catch {
      [IO.Directory]::Delete($folder, $true)
      throw
    }
    $folder
  }

  # The folder that holds the module: the one that was named, the one of this script, or one with what the server has.
  function Resolve-HomingPackage {
    param([string] $Named, [AllowEmptyString()] [string] $Beside, [string] $Base, [bool] $WithService)
    foreach ($folder in $Named, $Beside) {
      if (-not $folder) { continue }
      if ([IO.File]::Exists([IO.Path]::Combine($folder, 'Homing', 'Homing.psd1'))) { return @{ Path = $folder; Temporary = $false } }
      if ($folder -eq $Named) { throw [IO.FileNotFoundException]::new("there is no module Homing in $folder") }
    }
    if (-not $Base) { throw [InvalidOperationException]::new('the module Homing is not beside install.ps1; say -Server, or -AgentPath FOLDER') }
    @{ Path = (Save-HomingPackage $Base $WithService); Temporary = $true }
  }

  # https where nothing is said; http only where it is allowed, or for this machine.
  function Resolve-HomingBase {
    param([AllowEmptyString()] [string] $Text, [bool] $Http)
    if (-not $Text) { return '' }
    $full = if ($Text.Contains('://')) { $Text } else { "https://$Text" }
    $uri = [uri] $full
    if ($uri.Scheme -ne 'https' -and -not ($uri.Scheme -eq 'http' -and ($Http -or $uri.IsLoopback))) { throw [InvalidOperationException]::new("$full is not https:; programs that anybody on the way can change are not run. -AllowHttp takes them all the same") }
    $uri.GetLeftPart([UriPartial]::Authority)
  }

  # A value for the command line of a program of Windows.
  function Format-HomingWord {
    param([string] $Text)
    '"' + [regex]::Replace($Text, '(\\*)("|$)', { param($Found) $Found.Groups[1].Value * 2 + $(if ($Found.Groups[2].Length -gt 0) { '\"' } else { '' }) }) + '"'
  }

  # Runs this script once more as administrator, and returns the exit code. What is secret goes through a file that only
  # this account and the administrators can read: a command line is open to every program of the machine.
  function Start-HomingElevated {
    param([string] $Script, [Collections.IDictionary] $Given)
    $answers = [IO.Path]::Combine([IO.Path]::GetTempPath(), 'homing-' + [Guid]::NewGuid().ToString('N') + '.xml')
    try {
      [IO.File]::WriteAllText($answers, [Management.Automation.PSSerializer]::Serialize($Given))
      $command = "`$given = [Management.Automation.PSSerializer]::Deserialize([IO.File]::ReadAllText('$($answers -replace "'", "''")')); `$plain = @{}; foreach (`$key in `$given.Keys) { `$plain[`$key] = `$given[`$key] }; & '$($Script -replace "'", "''")' @plain; exit `$LASTEXITCODE"
      $encoded = [Convert]::ToBase64String([Text.Encoding]::Unicode.GetBytes($command))
      $start = [Diagnostics.ProcessStartInfo]::new([IO.Path]::Combine([Environment]::SystemDirectory, 'WindowsPowerShell\v1.0\powershell.exe'), "-NoProfile -ExecutionPolicy Bypass -EncodedCommand $encoded")
      $start.UseShellExecute = $true
      $start.Verb = 'runas'
      $process = [Diagnostics.Process]::Start($start)
      $process.WaitForExit()
      $process.ExitCode
    } finally { [IO.File]::Delete($answers) }
  }

  # Whether this process has the rights of an administrator.
  function Test-HomingAdministrator {
    $identity = [Security.Principal.WindowsIdentity]::GetCurrent()
    try { [Security.Principal.WindowsPrincipal]::new($identity).IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator) } finally { $identity.Dispose() }
  }

  # Everything, from the values that were given; the exit code.
  function Invoke-HomingSetup {
    param([Collections.IDictionary] $Given, [AllowEmptyString()] [string] $Script, [AllowEmptyString()] [string] $Filled, [bool] $Try)
    $silent = $Given.Contains('Quiet')
    if ($Given.Contains('Service') -and $Given.Contains('Task')) { throw [ArgumentException]::new('-Service or -Task, not both') }
    if ([IO.Path]::DirectorySeparatorChar -ne '\') { throw [PlatformNotSupportedException]::new('this installs on Windows; for Linux there is homing-agent install') }
    # Windows before 10 speaks TLS 1.0 unless it is told.
    [Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12
    $named = if ($Given.Contains('Server')) { $Given.Server } else { $Filled }
    $package = @{ Path = ''; Temporary = $false }
    try {
      if (-not $Try -and -not (Test-HomingAdministrator)) {
        if ($silent) { throw [UnauthorizedAccessException]::new('run this as administrator') }
        $fetched = -not $Script
        if ($fetched) {
          # Run from the pipe there is no file to run once more: it is fetched again, by the server's own address.
          $base = Resolve-HomingBase $Filled $Given.Contains('AllowHttp')
          $Script = [IO.Path]::Combine([IO.Path]::GetTempPath(), 'homing-' + [Guid]::NewGuid().ToString('N') + '.ps1')
          $client = [Net.WebClient]::new()
          try { [IO.File]::WriteAllText($Script, $client.DownloadString("$base/install.ps1")) } finally { $client.Dispose() }
        }
        Write-HomingWord 'Asking for the rights of an administrator ...' $silent
        try { return Start-HomingElevated $Script $Given } finally { if ($fetched) { [IO.File]::Delete($Script) } }
      }
      $beside = if ($Script) { [IO.Path]::GetDirectoryName($Script) } else { '' }
      $path = if ($Given.Contains('AgentPath')) { $Given.AgentPath } else { '' }
      $package = Resolve-HomingPackage $path $beside (Resolve-HomingBase $named $Given.Contains('AllowHttp')) (-not $Given.Contains('Task'))
      Import-Module ([IO.Path]::Combine($package.Path, 'Homing', 'Homing.psd1')) -Force
      $options = @{ WhatIf = $Try; Verbose = -not $silent }
      if ($Given.Contains('Uninstall')) { Uninstall-HomingAgent @options; Write-HomingWord 'The agent is gone.' $silent; return 0 }
      foreach ($key in 'HostName', 'User', 'Token', 'Code', 'Name', 'Serial', 'AnswerFile', 'Interval', 'AllowHttp') { if ($Given.Contains($key)) { $options[$key] = $Given[$key] } }
      if ($named) { $options.Server = $named }
      if ($Given.Contains('Service')) { $options.Mode = 'service' } elseif ($Given.Contains('Task')) { $options.Mode = 'task' }
      if ($silent) { $options.Unattended = $true }
      $status = @(Install-HomingAgent @options)
      foreach ($one in $status) { Write-HomingWord "$($one.Host): $($one.IPv4) $($one.IPv6) $($one.Reply)" $silent }
      0
    } finally { if ($package.Temporary -and [IO.Directory]::Exists($package.Path)) { [IO.Directory]::Delete($package.Path, $true) } }
  }

  $given = @{}
  foreach ($key in @($Bound.Keys)) {
    if (@('Verbose', 'WhatIf', 'Confirm', 'Debug') -contains $key) { continue }
    if ($Bound[$key] -isnot [switch]) { $given[$key] = $Bound[$key] } elseif ($Bound[$key]) { $given[$key] = $true }
  }
  if (-not $given.ContainsKey('Code') -and $env:HOMING_CODE) { $given.Code = $env:HOMING_CODE }
  $code = 0
  try {
    $code = @(Invoke-HomingSetup $given $Script $HomingServer $Try)[-1]
  } catch {
    [Console]::Error.WriteLine("install.ps1: $($_.Exception.Message)")
    $code = 1
  }
  # From the pipe of iex an exit would close the window.
  if ($Script) { exit $code } else { $global:LASTEXITCODE = $code }
} $PSBoundParameters ([string] $PSCommandPath) ([bool] $WhatIfPreference)
