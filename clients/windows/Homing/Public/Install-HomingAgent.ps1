function Install-HomingAgent {
  <#
  .SYNOPSIS
  Installs the agent on this machine of Windows as a service or a scheduled task, or upgrades it in place.
  .DESCRIPTION
  Asks the server with the host and the token first, and changes nothing where it refuses. An installation that is there
  keeps its configuration, its secret and its state, unless other values are given. May be run any number of times.
  .PARAMETER Server
  The address of the server: https://NAME or https://NAME:PORT.
  .PARAMETER HostName
  The hosts to keep right.
  .PARAMETER User
  The account; may be left out with a token.
  .PARAMETER Token
  The token of the host, or the account's password.
  .PARAMETER Code
  An enrolment code, in place of host and token.
  .PARAMETER Name
  What the machine calls itself when it enrols; by default its computer name.
  .PARAMETER Serial
  The serial number with which it enrols; by default that of the BIOS.
  .PARAMETER AnswerFile
  A JSON file with any of server, hostName, user, token, code, name, serial, interval, mode.
  .PARAMETER Interval
  How often the addresses are looked at, from 30s to 1d.
  .PARAMETER Mode
  service or task; by default a service where homing-service.exe is there, else a task.
  .PARAMETER ServicePath
  homing-service.exe; by default the one beside the module's folder.
  .PARAMETER AllowHttp
  Accepts a server without TLS.
  .PARAMETER Unattended
  Asks nothing: what is missing is an error.
  .EXAMPLE
  Install-HomingAgent -Server https://ddns.example.org -HostName pc.dyn.example.org -User alice -Token $token
  .EXAMPLE
  Install-HomingAgent -Server https://ddns.example.org -Code 7GQ2-MX41 -Mode task
  .EXAMPLE
  Install-HomingAgent -AnswerFile \\files\homing.json -WhatIf
  .OUTPUTS
  The status of the hosts, as Get-HomingStatus has it.
  #>
  [CmdletBinding(SupportsShouldProcess)]
  param(
    [string] $Server = '', [string[]] $HostName = @(), [string] $User = '', [string] $Token = '', [string] $Code = '', [string] $Name = '',
    [string] $Serial = '', [string] $AnswerFile = '', [string] $Interval = '', [ValidateSet('', 'service', 'task')] [string] $Mode = '',
    [string] $ServicePath = '', [switch] $AllowHttp, [switch] $Unattended
  )
  if (-not $script:HomingPlatform.Windows) { Stop-HomingCommand $PSCmdlet 'HomingWindowsOnly' 'This installs on Windows. On Linux, use the agent for Node: homing-agent install.' $null }
  $layout = Get-HomingLayout
  $given = @{ Server = $Server; HostName = $HostName; User = $User; Token = $Token; Code = $Code; Name = $Name; Serial = $Serial; Interval = $Interval; Mode = $Mode; AllowHttp = [bool] $AllowHttp; Unattended = [bool] $Unattended }
  try {
    if ($AnswerFile) { Merge-HomingAnswer $given (Resolve-HomingGiven $PSCmdlet $AnswerFile) }
    $plan = New-HomingInstallPlan $given $layout $ServicePath ([IO.File]::Exists($layout.Path))
  } catch { Stop-HomingCommand $PSCmdlet 'HomingInstall' $_.Exception.GetBaseException().Message $null }
  if (-not (Test-HomingElevation) -and -not $WhatIfPreference) { Stop-HomingCommand $PSCmdlet 'HomingElevation' 'Run this as administrator.' $null }
  if (-not $WhatIfPreference) {
    $words = Test-HomingFolder $layout.Data { param($Item) Get-HomingOwnerSid $Item }
    if ($words) { Stop-HomingCommand $PSCmdlet 'HomingFolder' "Nothing was changed. $words" $layout.Data }
  }
  # Asked and tried before the first step; with -WhatIf nothing is sent, and nobody is asked.
  if ($PSCmdlet.ShouldProcess($(if ($given.Server) { $given.Server } else { $layout.Path }), 'Try server, host and token')) {
    try { Complete-HomingInstallPlan $plan $given } catch { Stop-HomingCommand $PSCmdlet 'HomingTrial' "Nothing was changed. $($_.Exception.GetBaseException().Message)" $null }
  }
  foreach ($step in @(Get-HomingInstallStep $plan)) {
    if (-not $PSCmdlet.ShouldProcess($step.Name, 'Install')) { continue }
    $PSCmdlet.WriteVerbose($step.Name)
    try { & $step.Do $plan } catch { Stop-HomingCommand $PSCmdlet 'HomingInstallStep' "To $($step.Name) failed: $($_.Exception.GetBaseException().Message)" $step.Name }
  }
  if ($WhatIfPreference) { return }
  # The first result: at most half a minute.
  for ($i = 0; $i -lt 60; $i++) {
    $status = @(Get-HomingStatus -Path $layout.Path)
    if ($status.Count -gt 0 -and @($status | Where-Object { $null -eq $_.ReplyAt -and $null -eq $_.IPv4 -and $null -eq $_.IPv6 }).Count -eq 0) { break }
    [Threading.Thread]::Sleep(500)
  }
  $status
}

# Values of an answer file, under those of the command line.
function Merge-HomingAnswer {
  param([hashtable] $Given, [string] $Path)
  $answers = ConvertFrom-HomingJson ([IO.File]::ReadAllText($Path))
  if ($answers -isnot [Collections.IDictionary]) { throw [FormatException]::new("${Path}: an object is expected") }
  $known = 'server', 'hostName', 'user', 'token', 'code', 'name', 'serial', 'interval', 'mode', 'allowHttp'
  foreach ($key in @($answers.Keys)) {
    if ($known -cnotcontains $key) {
      $near = Find-HomingNearest $key $known
      throw [FormatException]::new("${Path}: there is no answer '$key'$(if ($near) { "; did you mean '$near'?" })")
    }
    $value = $answers[$key]
    if ($key -ceq 'hostName') { $value = [string[]] @($value) } elseif ($key -ceq 'allowHttp') { $value = $value -eq $true } else { $value = [string] $value }
    if (-not $Given[$key]) { $Given[$key] = $value }
  }
  if ($Given.Mode -and @('service', 'task') -notcontains $Given.Mode) { throw [FormatException]::new("${Path}: mode is service or task") }
}

# What is to be done; Kept says that there is a configuration already.
function New-HomingInstallPlan {
  param([hashtable] $Given, [hashtable] $Layout, [AllowEmptyString()] [string] $ServicePath, [bool] $Kept)
  $service = $ServicePath
  if (-not $service) {
    foreach ($folder in @([IO.Path]::GetDirectoryName($script:HomingRoot), $Layout.Program)) {
      $one = [IO.Path]::Combine($folder, 'homing-service.exe')
      if ([IO.File]::Exists($one)) { $service = $one; break }
    }
  }
  $mode = $Given.Mode
  if (-not $mode) { $mode = if ($service) { 'service' } else { 'task' } }
  if ($mode -eq 'service' -and (-not $service -or -not [IO.File]::Exists($service))) { throw [InvalidOperationException]::new('homing-service.exe is not there; say -ServicePath, or -Mode task') }
  @{ Layout = $Layout; Mode = $mode; Kept = $Kept -and (Test-HomingKept $Given $Layout.Path); Document = $null; Token = $null; ServiceProgram = $service; Source = $script:HomingRoot; Script = '' }
}

# Whether what is given asks for nothing but what the configuration has: then it is an upgrade. A roll-out that runs at
# every start, with its code, enrols each machine once.
function Test-HomingKept {
  param([hashtable] $Given, [string] $Path)
  if (-not $Given.Server -and $Given.HostName.Length -eq 0 -and -not $Given.Code) { return $true }
  $read = Read-HomingConfiguration $Path
  if ($null -eq $read.Value) { return $false }
  $there = @($read.Value.Servers.Values | ForEach-Object { $_.Url.GetLeftPart([UriPartial]::Authority) })
  $uri = $null
  if ($Given.Server -and (-not [uri]::TryCreate($(if ($Given.Server.Contains('://')) { $Given.Server } else { "https://$($Given.Server)" }), [UriKind]::Absolute, [ref] $uri) -or $there -notcontains $uri.GetLeftPart([UriPartial]::Authority))) { return $false }
  $names = @($read.Value.Hosts | ForEach-Object { $_.Name })
  @($Given.HostName | Where-Object { $names -notcontains $_.TrimEnd('.') }).Count -eq 0
}

# Asks for what is missing, enrols, and tries it; throws where the server refuses.
function Complete-HomingInstallPlan {
  param([hashtable] $Plan, [hashtable] $Given)
  if ($Plan.Kept) {
    # An upgrade: what is there stays. A new token for the same host may come alone.
    $read = Read-HomingConfiguration $Plan.Layout.Path
    if ($read.Faults.Count -gt 0) { throw [InvalidOperationException]::new("$($Plan.Layout.Path) is not valid. $([string]::Join(' ', @($read.Faults)))") }
    if ($Given.Token) {
      $trial = Test-HomingTrial (Read-HomingDocument $Plan.Layout.Path) $Given.Token $Plan.Layout.Data
      if ($null -ne $trial.Words) { throw [InvalidOperationException]::new($trial.Words) }
      $Plan.Token = $Given.Token
    }
    return
  }
  if ($Given.Unattended) { Assert-HomingAnswer $Given }
  if (-not $Given.Server) { $Given.Server = Read-HomingAnswer 'Server (https://NAME)' }
  if (-not $Given.Server.Contains('://')) { $Given.Server = "https://$($Given.Server)" }
  $check = Test-HomingServerAddress $Given.Server $Given.AllowHttp ''
  if ($null -ne $check.Words) { throw [InvalidOperationException]::new($check.Words) }
  if (-not $Given.Code -and $Given.HostName.Length -eq 0) { $Given.HostName = [string[]] @(Read-HomingAnswer 'Host name (empty to enter an enrolment code)' | Where-Object { $_ }) }
  if (-not $Given.Code -and $Given.HostName.Length -eq 0) { $Given.Code = Read-HomingAnswer 'Enrolment code' }
  if ($Given.Code) {
    $machine = Get-HomingMachine
    if ($Given.Name) { $machine.name = $Given.Name }
    if ($Given.Serial) { $machine.serial = $Given.Serial }
    $machine.code = $Given.Code
    $enrolled = Invoke-HomingEnrolment $check.Server.Url $check.Server.Trust $machine
    if ($null -eq $enrolled.Host) { throw [InvalidOperationException]::new($enrolled.Words) }
    $Given.HostName = [string[]] @($enrolled.Host)
    $Given.User = $enrolled.User
    $Given.Token = $enrolled.Token
  }
  if (-not $Given.Token) {
    if (-not $Given.User) { $Given.User = Read-HomingAnswer 'User (empty for a token alone)' }
    $Given.Token = [Net.NetworkCredential]::new('', (Read-HomingAnswer 'Token or password' -Hidden)).Password
  }
  $Plan.Document = New-HomingDocument @{ Server = $Given.Server; HostName = $Given.HostName; User = $Given.User; SecretFile = 'home.token'; Interval = $Given.Interval; AllowHttp = $Given.AllowHttp }
  $Plan.Token = $Given.Token
  $trial = Test-HomingTrial $Plan.Document $Plan.Token $Plan.Layout.Data
  if ($null -ne $trial.Words) { throw [InvalidOperationException]::new($trial.Words) }
}

# Throws where a value is missing that nobody is there to be asked for.
function Assert-HomingAnswer {
  param([hashtable] $Given)
  if (-not $Given.Server) { throw [InvalidOperationException]::new('-Server is missing') }
  if ($Given.Code) { return }
  if ($Given.HostName.Length -eq 0) { throw [InvalidOperationException]::new('-HostName, or -Code, is missing') }
  if (-not $Given.Token) { throw [InvalidOperationException]::new('-Token is missing') }
}
