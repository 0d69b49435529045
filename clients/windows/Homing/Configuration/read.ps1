# Where a configuration comes from (A-5.1): agent.yaml or agent.json, that of the environment over it, variables over both.

# The default place of the configuration: agent.yaml where it is there, else agent.json.
function Get-HomingConfigurationPath {
  $folder = if ($script:HomingPlatform.Windows) {
    [IO.Path]::Combine([Environment]::GetFolderPath('CommonApplicationData'), 'Homing')
  } else { '/etc/homing-agent' }
  Select-HomingConfigurationFile $folder
}

function Select-HomingConfigurationFile {
  param([string] $Folder)
  $yaml = [IO.Path]::Combine($Folder, 'agent.yaml')
  if ([IO.File]::Exists($yaml)) { $yaml } else { [IO.Path]::Combine($Folder, 'agent.json') }
}

# Reads all layers: @{ Path; Files; Mark; Ignored; Faults; Value }. Mark changes when any of the files does; Ignored are
# files that could be meant as well, and are not read.
function Read-HomingConfiguration {
  param([string] $Path)
  $full = [IO.Path]::GetFullPath($Path)
  $base = [IO.Path]::GetDirectoryName($full)
  $result = @{ Path = $full; Files = @(Get-HomingConfigurationFile $full); Mark = ''; Ignored = @(Get-HomingNeighbour $full); Faults = @(); Value = $null }
  $result.Mark = Get-HomingFileMark $result.Files
  $misnamed = Test-HomingEnvironmentName
  if ($misnamed) { $result.Faults = @($misnamed); return $result }
  if (-not [IO.File]::Exists($full)) {
    $result.Faults = @("$full is not there$(if ($result.Ignored.Count -gt 0) { "; did you mean $($result.Ignored[0])?" })")
    return $result
  }
  $document = New-HomingDictionary
  foreach ($file in $result.Files) {
    if (-not [IO.File]::Exists($file)) { continue }
    try {
      $layer = Read-HomingDocument $file
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

# One file -> value: JSON where its name ends so, else YAML.
function Read-HomingDocument {
  param([string] $Path)
  $text = [IO.File]::ReadAllText($Path)
  if ($text.Length -gt 4194304) { throw [FormatException]::new('longer than 4 MB') }
  if (Test-HomingJsonPath $Path) { return , (ConvertFrom-HomingJson $text) }
  , (ConvertFrom-HomingYaml $text)
}

function Test-HomingJsonPath {
  param([string] $Path)
  $Path.EndsWith('.json', [StringComparison]::OrdinalIgnoreCase)
}

# The files in the order in which they are laid over each other; those of the environment may be missing.
function Get-HomingConfigurationFile {
  param([string] $Path)
  $Path
  $name = [Environment]::GetEnvironmentVariable('HOMING_AGENT_ENVIRONMENT')
  if ($name -and -not (Test-HomingEnvironmentName)) {
    $stem = [IO.Path]::Combine([IO.Path]::GetDirectoryName($Path), [IO.Path]::GetFileNameWithoutExtension($Path))
    foreach ($end in 'yaml', 'yml', 'json') { "$stem.$name.$end" }
  }
}

# '' where HOMING_AGENT_ENVIRONMENT is not there or names an environment, else what is wrong with it in words.
function Test-HomingEnvironmentName {
  $name = [Environment]::GetEnvironmentVariable('HOMING_AGENT_ENVIRONMENT')
  if (-not $name -or $name -match '\A[A-Za-z0-9_-]+\z') { return '' }
  "HOMING_AGENT_ENVIRONMENT is '$name'; a name of letters, digits, - and _ is expected"
}

# The files beside a configuration that differ from it in their ending alone.
function Get-HomingNeighbour {
  param([string] $Path)
  foreach ($end in '.yaml', '.yml', '.json') {
    $other = [IO.Path]::ChangeExtension($Path, $end)
    if ($other -ne $Path -and [IO.File]::Exists($other)) { $other }
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

# Objects are merged, lists and values replaced; a key without a value changes nothing. A secret is one value.
function Merge-HomingLayer {
  param($Under, $Over)
  foreach ($key in @($Over.Keys)) {
    if ($null -eq $Over[$key] -and $Under.Contains($key)) { continue }
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
