function Register-HomingMachine {
  <#
  .SYNOPSIS
  Exchanges a one-time enrolment code for a host and a token of its own, and writes the configuration.
  .PARAMETER Server
  The address of the server: https://NAME or https://NAME:PORT.
  .PARAMETER Code
  The enrolment code that the operator of the server gave out. It is kept nowhere.
  .PARAMETER Name
  What the machine calls itself; by default its computer name.
  .PARAMETER Serial
  Its serial number; by default that of the BIOS.
  .PARAMETER Path
  The configuration to write, YAML or JSON by its ending. By default agent.json in the folder Homing below ProgramData.
  .PARAMETER Ca
  A root certificate (PEM) that is trusted beside those of the system.
  .PARAMETER AllowHttp
  Accepts a server without TLS.
  .PARAMETER Force
  Writes over a configuration that is there.
  .EXAMPLE
  Register-HomingMachine -Server https://ddns.example.org -Code 7GQ2-MX41
  .OUTPUTS
  An object: Host, User, Path.
  #>
  [CmdletBinding(SupportsShouldProcess)]
  param(
    [Parameter(Mandatory)] [string] $Server,
    [Parameter(Mandatory)] [string] $Code,
    [string] $Name = '',
    [string] $Serial = '',
    [string] $Path = '',
    [string] $Ca = '',
    [switch] $AllowHttp,
    [switch] $Force
  )
  $full = Resolve-HomingGiven $PSCmdlet $Path
  if ([IO.File]::Exists($full) -and -not $Force) { Stop-HomingCommand $PSCmdlet 'HomingConfigurationThere' "$full is there already; -Force writes over it." $full }
  $roots = if ($Ca) { Resolve-HomingGiven $PSCmdlet $Ca } else { '' }
  $check = Test-HomingServerAddress $Server ([bool] $AllowHttp) $roots
  if ($null -ne $check.Words) { Stop-HomingCommand $PSCmdlet 'HomingServer' $check.Words $Server }
  if (-not $PSCmdlet.ShouldProcess($Server, 'Enrol this machine')) { return }
  $machine = Get-HomingMachine
  if ($Name) { $machine.name = $Name }
  if ($Serial) { $machine.serial = $Serial }
  $machine.code = $Code
  $enrolled = Invoke-HomingEnrolment $check.Server.Url $check.Server.Trust $machine
  if ($null -eq $enrolled.Host) { Stop-HomingCommand $PSCmdlet 'HomingEnrolment' "$Server did not enrol this machine. $($enrolled.Words)" $Server }
  $folder = Get-HomingFolder $full
  [void] [IO.Directory]::CreateDirectory($folder)
  Write-HomingSecretFile ([IO.Path]::Combine($folder, 'home.token')) $enrolled.Token @()
  $document = New-HomingDocument @{ Server = $Server; HostName = @($enrolled.Host); User = $enrolled.User; SecretFile = 'home.token'; Interval = ''; AllowHttp = [bool] $AllowHttp }
  if ($roots) { $document['servers']['home']['ca'] = $roots }
  Write-HomingDocument $full $document
  [pscustomobject] @{ PSTypeName = 'Homing.Enrolment'; Host = $enrolled.Host; User = $enrolled.User; Path = $full }
}

# An address as it would stand in a configuration: @{ Server; Words }.
function Test-HomingServerAddress {
  param([string] $Address, [bool] $AllowHttp, [AllowEmptyString()] [string] $Ca)
  $document = New-HomingDocument @{ Server = $Address; HostName = @('host.example'); User = ''; SecretFile = 'unread'; Interval = ''; AllowHttp = $AllowHttp }
  if ($Ca) { $document['servers']['home']['ca'] = $Ca }
  $resolved = Resolve-HomingConfiguration $document ([Environment]::CurrentDirectory)
  if ($resolved.Faults.Count -gt 0) { return @{ Server = $null; Words = [string]::Join(' ', @($resolved.Faults)) } }
  @{ Server = $resolved.Value.Servers['home']; Words = $null }
}
