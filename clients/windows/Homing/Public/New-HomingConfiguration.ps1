function New-HomingConfiguration {
  <#
  .SYNOPSIS
  Writes a configuration of the agent for one server.
  .PARAMETER Path
  The file to write, YAML or JSON by its ending. By default agent.json in the folder Homing below ProgramData.
  .PARAMETER Server
  The address of the server: https://NAME or https://NAME:PORT.
  .PARAMETER HostName
  The hosts to keep right.
  .PARAMETER User
  The account; may be left out with a token.
  .PARAMETER SecretFile
  The file that Protect-HomingSecret wrote; by default home.token beside the configuration.
  .PARAMETER Interval
  How often the addresses are looked at, from 30s to 1d.
  .PARAMETER AllowHttp
  Accepts a server without TLS.
  .PARAMETER Force
  Writes over a configuration that is there.
  .EXAMPLE
  New-HomingConfiguration -Server https://ddns.example.org -User alice -HostName pc.dyn.example.org
  .EXAMPLE
  New-HomingConfiguration -Server https://ddns.example.org -HostName a.dyn.example.org, b.dyn.example.org -Interval 1m -WhatIf
  .OUTPUTS
  The path of the file.
  #>
  [CmdletBinding(SupportsShouldProcess)]
  [OutputType([string])]
  param(
    [string] $Path = '',
    [Parameter(Mandatory)] [string] $Server,
    [Parameter(Mandatory)] [string[]] $HostName,
    [string] $User = '',
    [string] $SecretFile = 'home.token',
    [string] $Interval = '',
    [switch] $AllowHttp,
    [switch] $Force
  )
  $full = Resolve-HomingGiven $PSCmdlet $Path
  if ([IO.File]::Exists($full) -and -not $Force) { Stop-HomingCommand $PSCmdlet 'HomingConfigurationThere' "$full is there already; -Force writes over it." $full }
  $document = New-HomingDocument @{ Server = $Server; HostName = $HostName; User = $User; SecretFile = $SecretFile; Interval = $Interval; AllowHttp = [bool] $AllowHttp }
  $resolved = Resolve-HomingConfiguration $document (Get-HomingFolder $full)
  if ($resolved.Faults.Count -gt 0) { Stop-HomingCommand $PSCmdlet 'HomingConfigurationInvalid' ([string]::Join(' ', @($resolved.Faults))) $full }
  if ($PSCmdlet.ShouldProcess($full, 'Write the configuration')) {
    [void] [IO.Directory]::CreateDirectory((Get-HomingFolder $full))
    Write-HomingDocument $full $document
    $full
  }
}

# The document for one server.
function New-HomingDocument {
  param([hashtable] $From)
  $document = New-HomingDictionary
  if ($From.Interval) { $document['interval'] = $From.Interval }
  $place = New-HomingDictionary
  $place['url'] = $From.Server.TrimEnd('/')
  if ($From.User) { $place['user'] = $From.User }
  if ($From.AllowHttp) { $place['allowHttp'] = $true }
  $secret = New-HomingDictionary
  $secret['file'] = $From.SecretFile
  $place['secret'] = $secret
  $servers = New-HomingDictionary
  $servers['home'] = $place
  $document['servers'] = $servers
  $document['hosts'] = @(foreach ($name in $From.HostName) {
      $entry = New-HomingDictionary
      $entry['name'] = $name
      $entry
    })
  , $document
}
