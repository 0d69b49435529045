# JSON without a cmdlet: objects become ordered dictionaries with case-sensitive keys, lists become object[].
# Stricter than ConvertFrom-Json of 5.1 (no comments, no double keys, RFC 8259), and a fault is told by line and column.

$script:HomingJsonToken = [regex]::new(
  '\G[ \t\r\n]*(?:(?<mark>[{}\[\],:])|"(?<text>(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*)"|(?<number>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)(?![0-9A-Za-z.])|(?<word>true|false|null)(?![0-9A-Za-z]))',
  [Text.RegularExpressions.RegexOptions]::CultureInvariant)

# A dictionary that keeps the order of its keys and tells upper from lower case.
function New-HomingDictionary {
  , [Collections.Specialized.OrderedDictionary]::new([StringComparer]::Ordinal)
}

# Text -> value. Throws FormatException with line and column where the text is not JSON.
function ConvertFrom-HomingJson {
  param([Parameter(Mandatory)] [AllowEmptyString()] [string] $Text)
  $reader = @{ Text = $Text.TrimStart([char] 0xFEFF); At = 0; Token = $null }
  Step-HomingJson $reader
  $value = Read-HomingJsonValue $reader 0
  if ($reader.Token.Kind -ne 'end') { Stop-HomingJson $reader 'more than one value' }
  return , $value
}

function Step-HomingJson {
  param($Reader)
  $found = $script:HomingJsonToken.Match($Reader.Text, $Reader.At)
  if (-not $found.Success) {
    $rest = $Reader.Text.Substring($Reader.At)
    $Reader.At += $rest.Length - $rest.TrimStart(' ', "`t", "`r", "`n").Length
    if ($Reader.At -lt $Reader.Text.Length) { Stop-HomingJson $Reader 'not JSON' }
    $Reader.Token = @{ Kind = 'end'; Value = $null }
    return
  }
  foreach ($kind in 'mark', 'text', 'number', 'word') {
    if ($found.Groups[$kind].Success) {
      $Reader.Token = @{ Kind = $kind; Value = $found.Groups[$kind].Value }
      break
    }
  }
  $Reader.At = $found.Index + $found.Length
}

function Stop-HomingJson {
  param($Reader, [string] $Words)
  $before = $Reader.Text.Substring(0, [Math]::Min($Reader.At, $Reader.Text.Length)).Split("`n")
  throw [FormatException]::new("line $($before.Length), column $($before[-1].Length + 1): $Words")
}

function Read-HomingJsonValue {
  param($Reader, [int] $Depth)
  if ($Depth -gt 32) { Stop-HomingJson $Reader 'nested too deep' }
  $token = $Reader.Token
  $value = $null
  switch ($token.Kind) {
    'text' { $value = ConvertFrom-HomingJsonText $token.Value }
    'number' { $value = ConvertFrom-HomingJsonNumber $token.Value }
    'word' { if ($token.Value -ne 'null') { $value = $token.Value -eq 'true' } }
    'mark' {
      if ($token.Value -eq '{') { return , (Read-HomingJsonObject $Reader $Depth) }
      if ($token.Value -eq '[') { return , (Read-HomingJsonList $Reader $Depth) }
      Stop-HomingJson $Reader "unexpected '$($token.Value)'"
    }
    default { Stop-HomingJson $Reader 'the text ends too early' }
  }
  Step-HomingJson $Reader
  return , $value
}

function Read-HomingJsonObject {
  param($Reader, [int] $Depth)
  $members = New-HomingDictionary
  Step-HomingJson $Reader
  while (-not (Test-HomingJsonMark $Reader '}')) {
    if ($members.Count -gt 0) { Skip-HomingJsonMark $Reader ',' }
    if ($Reader.Token.Kind -ne 'text') { Stop-HomingJson $Reader 'a key in double quotes is expected' }
    $key = ConvertFrom-HomingJsonText $Reader.Token.Value
    if ($members.Contains($key)) { Stop-HomingJson $Reader "'$key' is there twice" }
    Step-HomingJson $Reader
    Skip-HomingJsonMark $Reader ':'
    $members[$key] = Read-HomingJsonValue $Reader ($Depth + 1)
  }
  Step-HomingJson $Reader
  return , $members
}

function Read-HomingJsonList {
  param($Reader, [int] $Depth)
  $items = [Collections.Generic.List[object]]::new()
  Step-HomingJson $Reader
  while (-not (Test-HomingJsonMark $Reader ']')) {
    if ($items.Count -gt 0) { Skip-HomingJsonMark $Reader ',' }
    $items.Add((Read-HomingJsonValue $Reader ($Depth + 1)))
  }
  Step-HomingJson $Reader
  return , $items.ToArray()
}

function Test-HomingJsonMark {
  param($Reader, [string] $Mark)
  if ($Reader.Token.Kind -eq 'end') { Stop-HomingJson $Reader "'$Mark' is missing" }
  $Reader.Token.Kind -eq 'mark' -and $Reader.Token.Value -eq $Mark
}

function Skip-HomingJsonMark {
  param($Reader, [string] $Mark)
  if (-not (Test-HomingJsonMark $Reader $Mark)) { Stop-HomingJson $Reader "'$Mark' is expected" }
  Step-HomingJson $Reader
}

function ConvertFrom-HomingJsonNumber {
  param([string] $Text)
  $whole = 0L
  if ([long]::TryParse($Text, [Globalization.NumberStyles]::AllowLeadingSign, [cultureinfo]::InvariantCulture, [ref] $whole)) { return $whole }
  [double]::Parse($Text, [Globalization.NumberStyles]::Float, [cultureinfo]::InvariantCulture)
}

function ConvertFrom-HomingJsonText {
  param([string] $Text)
  if ($Text.IndexOf('\') -lt 0) { return $Text }
  $out = [Text.StringBuilder]::new()
  for ($i = 0; $i -lt $Text.Length; $i++) {
    if ($Text[$i] -ne '\') { [void] $out.Append($Text[$i]); continue }
    $i++
    switch -CaseSensitive ([string] $Text[$i]) {
      'b' { [void] $out.Append([char] 8) }
      'f' { [void] $out.Append([char] 12) }
      'n' { [void] $out.Append([char] 10) }
      'r' { [void] $out.Append([char] 13) }
      't' { [void] $out.Append([char] 9) }
      'u' { [void] $out.Append([char] [Convert]::ToInt32($Text.Substring($i + 1, 4), 16)); $i += 4 }
      default { [void] $out.Append($Text[$i]) }
    }
  }
  $out.ToString()
}

# Value -> JSON, on one line or indented by two. Times are written as UTC in ISO 8601.
function ConvertTo-HomingJson {
  param([AllowNull()] $Value, [switch] $Indented)
  $out = [Text.StringBuilder]::new()
  Add-HomingJson $out $Value $(if ($Indented) { 0 } else { -1 })
  $out.ToString()
}

function Add-HomingJson {
  param([Text.StringBuilder] $Out, [AllowNull()] $Value, [int] $Depth)
  if ($null -eq $Value) { [void] $Out.Append('null') }
  elseif ($Value -is [bool]) { [void] $Out.Append($(if ($Value) { 'true' } else { 'false' })) }
  elseif ($Value -is [string] -or $Value -is [char] -or $Value -is [enum]) { Add-HomingJsonText $Out ([string] $Value) }
  elseif ($Value -is [datetime]) { Add-HomingJsonText $Out (Format-HomingTime $Value) }
  elseif ($Value -is [ValueType]) { [void] $Out.Append(([IFormattable] $Value).ToString($null, [cultureinfo]::InvariantCulture)) }
  elseif ($Value -is [Collections.IDictionary]) { Add-HomingJsonMembers $Out $Value @($Value.Keys) $Depth }
  elseif ($Value -is [Collections.IEnumerable]) { Add-HomingJsonItems $Out @($Value) $Depth }
  elseif ($Value -is [Management.Automation.PSCustomObject]) {
    $members = New-HomingDictionary
    foreach ($property in $Value.PSObject.Properties) { $members[$property.Name] = $property.Value }
    Add-HomingJsonMembers $Out $members @($members.Keys) $Depth
  } else { Add-HomingJsonText $Out ([string] $Value) }
}

function Add-HomingJsonMembers {
  param([Text.StringBuilder] $Out, $Members, [object[]] $Keys, [int] $Depth)
  $inner = if ($Depth -lt 0) { -1 } else { $Depth + 1 }
  [void] $Out.Append('{')
  for ($i = 0; $i -lt $Keys.Length; $i++) {
    if ($i -gt 0) { [void] $Out.Append(',') }
    Add-HomingJsonBreak $Out $inner
    Add-HomingJsonText $Out ([string] $Keys[$i])
    [void] $Out.Append($(if ($Depth -lt 0) { ':' } else { ': ' }))
    Add-HomingJson $Out $Members[$Keys[$i]] $inner
  }
  if ($Keys.Length -gt 0) { Add-HomingJsonBreak $Out $Depth }
  [void] $Out.Append('}')
}

function Add-HomingJsonItems {
  param([Text.StringBuilder] $Out, [object[]] $Items, [int] $Depth)
  $inner = if ($Depth -lt 0) { -1 } else { $Depth + 1 }
  [void] $Out.Append('[')
  for ($i = 0; $i -lt $Items.Length; $i++) {
    if ($i -gt 0) { [void] $Out.Append(',') }
    Add-HomingJsonBreak $Out $inner
    Add-HomingJson $Out $Items[$i] $inner
  }
  if ($Items.Length -gt 0) { Add-HomingJsonBreak $Out $Depth }
  [void] $Out.Append(']')
}

function Add-HomingJsonBreak {
  param([Text.StringBuilder] $Out, [int] $Depth)
  if ($Depth -ge 0) { [void] $Out.Append("`n").Append(' ', 2 * $Depth) }
}

function Add-HomingJsonText {
  param([Text.StringBuilder] $Out, [string] $Text)
  [void] $Out.Append('"')
  foreach ($char in $Text.ToCharArray()) {
    $code = [int] $char
    if ($code -eq 34 -or $code -eq 92) { [void] $Out.Append('\').Append($char) }
    elseif ($code -lt 32 -or $code -ge 127) { [void] $Out.Append('\u').Append($code.ToString('x4', [cultureinfo]::InvariantCulture)) }
    else { [void] $Out.Append($char) }
  }
  [void] $Out.Append('"')
}
