# Where a configuration comes from (A-5.1): agent.json, agent.ENVIRONMENT.json over it, environment variables over both.

# The default place of the configuration.
function Get-HomingConfigurationPath {
  $folder = if ($script:HomingPlatform.Windows) {
    [IO.Path]::Combine([Environment]::GetFolderPath('CommonApplicationData'), 'Homing')
  } else { '/etc/homing-agent' }
  [IO.Path]::Combine($folder, 'agent.json')
}

# Reads all layers: @{ Path; Files; Mark; Faults; Value }. Mark changes when any of the files does.
function Read-HomingConfiguration {
  param([string] $Path)
  $full = [IO.Path]::GetFullPath($Path)
  $base = [IO.Path]::GetDirectoryName($full)
  $result = @{ Path = $full; Files = @(Get-HomingConfigurationFile $full); Mark = ''; Faults = @(); Value = $null }
  $result.Mark = Get-HomingFileMark $result.Files
  if (-not [IO.File]::Exists($full)) {
    $yaml = @(Get-HomingYamlNeighbour $full)
    $result.Faults = @("$full is not there$(if ($yaml.Count -gt 0) { "; $($yaml[0]) is, but the PowerShell module reads JSON only" })")
    return $result
  }
  $document = New-HomingDictionary
  foreach ($file in $result.Files) {
    if (-not [IO.File]::Exists($file)) { continue }
    try {
      $layer = ConvertFrom-HomingJson ([IO.File]::ReadAllText($file))
    } catch {
      $result.Faults = @("${file}: $($_.Exception.GetBaseException().Message)")
      return $result
    }
    if ($layer -isnot [Collections.IDictionary]) { $result.Faults = @("${file}: an object is expected"); return $result }
    Merge-HomingLayer $document $layer
  }
  $environment = [Collections.Generic.List[string]]::new()
  Add-HomingEnvironment $document ([Environment]::GetEnvironmentVariables()) $environment
  $resolved = Resolve-HomingConfiguration $document $base
  $exposed = @(Test-HomingExposure $document $result.Files)
  $result.Faults = @($environment) + @($resolved.Faults) + $exposed
  if ($result.Faults.Count -eq 0) { $result.Value = $resolved.Value }
  $result
}

# The files in the order in which they are laid over each other; the second may be missing.
function Get-HomingConfigurationFile {
  param([string] $Path)
  $Path
  $name = [Environment]::GetEnvironmentVariable('HOMING_AGENT_ENVIRONMENT')
  if ($name) {
    if ($name -notmatch '^[A-Za-z0-9_-]+$') { throw [ArgumentException]::new('HOMING_AGENT_ENVIRONMENT holds a name of letters, digits, - and _') }
    $stem = [IO.Path]::GetFileNameWithoutExtension($Path)
    [IO.Path]::Combine([IO.Path]::GetDirectoryName($Path), "$stem.$name.json")
  }
}

function Get-HomingYamlNeighbour {
  param([string] $Path)
  foreach ($end in '.yaml', '.yml') {
    $other = [IO.Path]::ChangeExtension($Path, $end)
    if ([IO.File]::Exists($other)) { $other }
  }
}

# Size and time of the files, as one text; it differs once one of them was written.
function Get-HomingFileMark {
  param([string[]] $Paths)
  $marks = foreach ($path in $Paths) {
    $file = [IO.FileInfo]::new($path)
    if ($file.Exists) { '{0}:{1}:{2}' -f $path, $file.Length, $file.LastWriteTimeUtc.Ticks } else { "${path}:-" }
  }
  [string]::Join("`n", @($marks))
}

# Objects are merged, lists and values replaced.
function Merge-HomingLayer {
  param($Under, $Over)
  foreach ($key in @($Over.Keys)) {
    if ($Under.Contains($key) -and $Under[$key] -is [Collections.IDictionary] -and $Over[$key] -is [Collections.IDictionary] -and $key -cne 'secret') { Merge-HomingLayer $Under[$key] $Over[$key] }
    else { $Under[$key] = $Over[$key] }
  }
}

# HOMING_AGENT_SERVERS__HOME__USER=alice -> servers.home.user.
function Add-HomingEnvironment {
  param($Document, [Collections.IDictionary] $Variables, [Collections.Generic.List[string]] $Faults)
  $given = [string[]] @($Variables.Keys | Where-Object { ([string] $_).StartsWith('HOMING_AGENT_', [StringComparison]::Ordinal) -and $_ -cne 'HOMING_AGENT_ENVIRONMENT' })
  [Array]::Sort($given, [StringComparer]::Ordinal)
  foreach ($variable in $given) {
    $steps = $variable.Substring(13) -split '__'
    $at = $Document
    $kind = 'root'
    $check = $null
    for ($i = 0; $i -lt $steps.Length; $i++) {
      # Names that the owner chose are found in any case; a new one is taken in lower case.
      $names = if ($kind) { $script:HomingSchema[$kind].Keys } else { @($at.Keys) + $steps[$i].ToLowerInvariant() }
      $key = @($names | Where-Object { $_ -eq $steps[$i] })
      if ($key.Count -eq 0) {
        $near = Find-HomingNearest $steps[$i] @($script:HomingSchema[$kind].Keys)
        $Faults.Add("${variable}: there is no such setting$(if ($near) { "; did you mean '$($near.ToUpperInvariant())'?" })")
        $check = $null
        break
      }
      $key = $key[0]
      $check = if ($kind) { $script:HomingSchema[$kind][$key] } else { New-HomingCheck 'object' 'server' }
      if ($i -eq $steps.Length - 1) { break }
      if (@('object', 'map', 'secret') -notcontains $check.Kind) { $Faults.Add("${variable}: $key has nothing below it"); $check = $null; break }
      if (-not $at.Contains($key) -or $at[$key] -isnot [Collections.IDictionary]) { $at[$key] = New-HomingDictionary }
      $at = $at[$key]
      if ($check.Kind -eq 'secret') { $at.Clear(); $check = New-HomingCheck 'text'; $key = $steps[$i + 1].ToLowerInvariant(); break }
      $kind = if ($check.Kind -eq 'map') { '' } else { $check.A }
    }
    if ($null -ne $check) { $at[$key] = ConvertFrom-HomingVariable $check ([string] $Variables[$variable]) }
  }
}

# The text of a variable as the kind of value that is expected there.
function ConvertFrom-HomingVariable {
  param([hashtable] $Check, [string] $Text)
  $json = switch ($Check.Kind) {
    'flag' { $true } 'whole' { $true } 'number' { $true } 'list' { $true } 'places' { $true } 'sources' { $true } 'map' { $true } 'object' { $true }
    'secret' { $Text.StartsWith('{') }
    default { $false }
  }
  if (-not $json) { return $Text }
  # What is not JSON stays a text, and the check of the value says what is expected.
  try { , (ConvertFrom-HomingJson $Text) } catch { $Text }
}
