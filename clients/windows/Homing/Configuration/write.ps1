# How a configuration is written: JSON where its name ends so, else YAML of the subset that is read (A-5.5).

# Writes a document to the file of a configuration.
function Write-HomingDocument {
  param([string] $Path, $Document)
  $text = if (Test-HomingJsonPath $Path) { ConvertTo-HomingJson $Document -Indented } else { [string]::Join("`n", @(Format-HomingYaml $Document '')) }
  Write-HomingFile $Path "$text`n"
}

# The lines of an object, each behind so many blanks. Values are written as JSON on one line, which is YAML.
function Format-HomingYaml {
  param([Collections.IDictionary] $Members, [AllowEmptyString()] [string] $Blanks)
  foreach ($name in @($Members.Keys)) {
    $value = $Members[$name]
    $key = if ($name -cmatch '^[A-Za-z][A-Za-z0-9]*$' -and (ConvertFrom-HomingYamlPlain $name @{ Number = 0 }) -is [string]) { $name } else { ConvertTo-HomingJson $name }
    if ($value -is [Collections.IDictionary] -and $value.Count -gt 0) {
      "${Blanks}${key}:"
      Format-HomingYaml $value "$Blanks  "
    } elseif ($value -is [object[]] -and $value.Length -gt 0) {
      "${Blanks}${key}:"
      foreach ($item in $value) { Format-HomingYamlItem $item $Blanks }
    } else { "${Blanks}${key}: $(ConvertTo-HomingJson $value)" }
  }
}

function Format-HomingYamlItem {
  param([AllowNull()] $Item, [AllowEmptyString()] [string] $Blanks)
  if ($Item -isnot [Collections.IDictionary] -or $Item.Count -eq 0) { "$Blanks  - $(ConvertTo-HomingJson $Item)"; return }
  $lines = @(Format-HomingYaml $Item "$Blanks    ")
  # The first key stands behind the dash.
  "$Blanks  - $($lines[0].Substring($Blanks.Length + 4))"
  for ($i = 1; $i -lt $lines.Length; $i++) { $lines[$i] }
}
