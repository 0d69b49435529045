function Test-HomingConfiguration {
  <#
  .SYNOPSIS
  Checks a configuration of the agent and names every fault in it.
  .PARAMETER Path
  The configuration, YAML or JSON. By default agent.yaml or agent.json in the folder Homing below ProgramData.
  .EXAMPLE
  Test-HomingConfiguration
  .EXAMPLE
  (Test-HomingConfiguration .\agent.yaml).Faults
  .OUTPUTS
  An object: Path, Valid, Faults (a text each, with the path in the document), Hosts, Servers.
  #>
  [CmdletBinding()]
  param([Parameter(Position = 0, ValueFromPipeline, ValueFromPipelineByPropertyName)] [Alias('FullName')] [string] $Path = '')
  process {
    $full = Resolve-HomingGiven $PSCmdlet $Path
    $read = Read-HomingConfiguration $full
    foreach ($other in $read.Ignored) { $PSCmdlet.WriteWarning("$other is not used: $full is.") }
    $faults = [Collections.Generic.List[string]]::new()
    foreach ($fault in $read.Faults) { $faults.Add($fault) }
    if ($faults.Count -eq 0) {
      foreach ($server in @($read.Value.Servers.Values)) {
        $secret = Get-HomingSecret $server
        if ($null -ne $secret.Words) { $faults.Add("servers.$($server.Name).secret: $($secret.Words)") }
      }
    }
    [pscustomobject] @{
      PSTypeName = 'Homing.Check'; Path = $full; Valid = $faults.Count -eq 0; Faults = $faults.ToArray()
      Hosts = @(if ($null -ne $read.Value) { $read.Value.Hosts | ForEach-Object { $_.Name } })
      Servers = @(if ($null -ne $read.Value) { $read.Value.Servers.Keys })
    }
  }
}
