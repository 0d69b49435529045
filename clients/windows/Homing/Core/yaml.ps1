# A strict subset of YAML 1.2 (A-5.5), because Windows PowerShell has no YAML: block mappings and lists, and values on one
# line. Invariant: what is read here is read alike by every reader of YAML 1.2; everything else is refused with its line and
# what to write instead. No value stands in a fault, since it may be a secret.

$script:HomingYamlSize = 4194304
$script:HomingYamlDepth = 32

# A plain text inside of [ ] or { }: up to what ends it there.
$script:HomingYamlWord = [regex]::new(
  '\G(?:[^ \t,\[\]{}:#]|:(?=[^ \t,\[\]{}]))(?:[^ \t,\[\]{}:#]|:(?=[^ \t,\[\]{}])|(?<=[^ ])#| +(?=[^ \t,\[\]{}:#]|:(?=[^ \t,\[\]{}])))*',
  [Text.RegularExpressions.RegexOptions]::CultureInvariant)

# What a plain text must not begin with, and what to write instead.
$script:HomingYamlRefused = @{
  '&' = 'an anchor (&): write the value again where it is needed'; '*' = 'an alias (*): write the value itself, or put the text in quotes'
  '!' = 'a tag (!): leave it out, or put the text in quotes'; '|' = 'a block of text (|): write it in double quotes, with \n for a line break'
  '>' = 'a block of text (>): write it in double quotes on one line'
}

# Text -> value, as ConvertFrom-HomingJson. Throws FormatException with the line where it is outside of the subset.
function ConvertFrom-HomingYaml {
  param([Parameter(Mandatory)] [AllowEmptyString()] [string] $Text)
  if ($Text.Length -gt $script:HomingYamlSize) { throw [FormatException]::new('longer than 4 MB') }
  $reader = @{ Lines = (Split-HomingYaml $Text); At = 0 }
  if ($reader.Lines.Count -eq 0) { return $null }
  $value = Read-HomingYamlNode $reader 0
  if ($reader.At -lt $reader.Lines.Count) { Stop-HomingYaml $reader.Lines[$reader.At] 'does not belong to what is above it: check the indentation' }
  return , $value
}

function Stop-HomingYaml {
  param([hashtable] $Line, [string] $Words)
  throw [FormatException]::new("line $($Line.Number): $Words")
}

# The lines that say something: @{ Number; Indent; Text }, Text without the indentation.
function Split-HomingYaml {
  param([AllowEmptyString()] [string] $Text)
  $lines = [Collections.Generic.List[hashtable]]::new()
  if ($Text.StartsWith([string] [char] 0xFEFF, [StringComparison]::Ordinal)) { $Text = $Text.Substring(1) }
  $number = 0
  $marked = $false
  foreach ($raw in ($Text -replace '\r\n', "`n").Split([char] 10)) {
    $number++
    $content = $raw.TrimStart(' ')
    $line = @{ Number = $number; Indent = $raw.Length - $content.Length; Text = $content }
    if ($raw -cmatch '[\x00-\x08\x0B-\x1F\x7F-\x9F\uFEFF\uFFFE\uFFFF]') { Stop-HomingYaml $line 'a control character: in double quotes, write it as \xNN or \uNNNN' }
    if (-not $content -or $content[0] -eq '#') { continue }
    if ($content[0] -eq "`t") { Stop-HomingYaml $line 'a tab: indent with blanks' }
    if ($raw -cmatch '^(---|\.\.\.)(?=[ \t]|$)') {
      if ($marked -or $lines.Count -gt 0 -or $Matches[1] -eq '...') { Stop-HomingYaml $line 'the end of a document: one file holds one' }
      if ($raw -cnotmatch '^--- *(?:(?<= )#.*)?$') { Stop-HomingYaml $line 'begin on the line after ---' }
      $marked = $true
      continue
    }
    if ($raw[0] -eq '%') { Stop-HomingYaml $line 'a directive (%): leave it out, or put the text in quotes' }
    $lines.Add($line)
  }
  , $lines
}

# The value that begins in the current line.
function Read-HomingYamlNode {
  param([hashtable] $Reader, [int] $Depth)
  $line = $Reader.Lines[$Reader.At]
  if ($Depth -gt $script:HomingYamlDepth) { Stop-HomingYaml $line 'nested too deep' }
  if (Test-HomingYamlItem $line) { return , (Read-HomingYamlList $Reader $Depth) }
  if ($null -ne (Read-HomingYamlKey $line)) { return , (Read-HomingYamlMap $Reader $Depth) }
  $Reader.At++
  return , (Read-HomingYamlInline $line 0 $Depth)
}

function Test-HomingYamlItem {
  param([hashtable] $Line)
  $Line.Text -ceq '-' -or $Line.Text.StartsWith('- ', [StringComparison]::Ordinal)
}

function Read-HomingYamlList {
  param([hashtable] $Reader, [int] $Depth)
  $indent = $Reader.Lines[$Reader.At].Indent
  $items = [Collections.Generic.List[object]]::new()
  while ($Reader.At -lt $Reader.Lines.Count) {
    $line = $Reader.Lines[$Reader.At]
    if ($line.Indent -gt $indent) { Stop-HomingYaml $line 'indented further than the list it is in; a text stays on one line' }
    if ($line.Indent -lt $indent -or -not (Test-HomingYamlItem $line)) { break }
    $rest = $line.Text.Substring(1).TrimStart(' ')
    if (-not $rest -or $rest[0] -eq '#') { $items.Add((Read-HomingYamlBelow $Reader $indent $false $Depth)); continue }
    # What follows the dash stands as if it had a line of its own.
    $line.Indent += $line.Text.Length - $rest.Length
    $line.Text = $rest
    $items.Add((Read-HomingYamlNode $Reader ($Depth + 1)))
  }
  return , $items.ToArray()
}

function Read-HomingYamlMap {
  param([hashtable] $Reader, [int] $Depth)
  $indent = $Reader.Lines[$Reader.At].Indent
  $members = New-HomingDictionary
  while ($Reader.At -lt $Reader.Lines.Count) {
    $line = $Reader.Lines[$Reader.At]
    if ($line.Indent -lt $indent) { break }
    if ($line.Indent -gt $indent) { Stop-HomingYaml $line 'indented further than the keys above it; a text stays on one line' }
    $key = if (Test-HomingYamlItem $line) { $null } else { Read-HomingYamlKey $line }
    if ($null -eq $key) { Stop-HomingYaml $line "'key: value' is expected, with a blank after the colon" }
    if ($members.Contains($key.Name)) { Stop-HomingYaml $line "'$($key.Name)' is there twice" }
    $rest = $line.Text.Substring($key.End).TrimStart(' ')
    if (-not $rest -or $rest[0] -eq '#') { $members[$key.Name] = Read-HomingYamlBelow $Reader $indent $true $Depth; continue }
    $Reader.At++
    $members[$key.Name] = Read-HomingYamlInline $line ($line.Text.Length - $rest.Length) ($Depth + 1)
  }
  return , $members
}

# The value below a line that has none itself. A list below a key may stand as far left as the key.
function Read-HomingYamlBelow {
  param([hashtable] $Reader, [int] $Indent, [bool] $InMap, [int] $Depth)
  $Reader.At++
  if ($Reader.At -ge $Reader.Lines.Count) { return $null }
  $next = $Reader.Lines[$Reader.At]
  if ($next.Indent -gt $Indent -or ($InMap -and $next.Indent -eq $Indent -and (Test-HomingYamlItem $next))) { return , (Read-HomingYamlNode $Reader ($Depth + 1)) }
  $null
}

# The key that a line begins with: @{ Name; End }, End behind its colon; null where it begins with none.
function Read-HomingYamlKey {
  param([hashtable] $Line)
  $text = $Line.Text
  $place = @{ Line = $Line; At = 0 }
  if ($text[0] -eq '[' -or $text[0] -eq '{') { return $null }
  if ($text[0] -eq '"' -or $text[0] -eq "'") {
    $name = Read-HomingYamlQuoted $place
    if ($text.Substring($place.At) -cnotmatch '^ *:(?= |$)') { return $null }
    $end = $place.At + $Matches[0].Length
  } else {
    if ((Remove-HomingYamlComment $text) -cnotmatch '^(.*?) *:(?= |$)') { return $null }
    $end = $Matches[0].Length
    $name = ConvertFrom-HomingYamlPlain $Matches[1] $Line
  }
  @{ Name = (Confirm-HomingYamlKey $name $end $Line); End = $end }
}

function Confirm-HomingYamlKey {
  param([AllowNull()] $Name, [int] $Length, [hashtable] $Line)
  if ($Name -isnot [string]) { Stop-HomingYaml $Line 'a key that is no text: put it in quotes' }
  if ($Name -ceq '<<') { Stop-HomingYaml $Line 'a merge (<<): write the values themselves' }
  if ($Length -gt 1000) { Stop-HomingYaml $Line 'a key of more than 1,000 characters' }
  $Name
}

# What stands before the comment of a line that begins with a plain text.
function Remove-HomingYamlComment {
  param([string] $Text)
  $at = $Text.IndexOf(' #', [StringComparison]::Ordinal)
  $(if ($at -lt 0) { $Text } else { $Text.Substring(0, $at) }).TrimEnd(' ')
}

# The value that stands in a line from a place to its end.
function Read-HomingYamlInline {
  param([hashtable] $Line, [int] $At, [int] $Depth)
  $place = @{ Line = $Line; At = $At }
  if ('"''[{'.IndexOf($Line.Text[$At]) -ge 0) {
    $value = Read-HomingYamlFlow $place $Depth
    if ($Line.Text.Substring($place.At) -cnotmatch '^ *(?:(?<= )#.*)?$') { Stop-HomingYaml $Line 'something stands behind the closing quote or bracket' }
    return , $value
  }
  $text = Remove-HomingYamlComment $Line.Text.Substring($At)
  $value = ConvertFrom-HomingYamlPlain $text $Line
  if ($text -cmatch ':(?: |\z)') { Stop-HomingYaml $Line 'a text with a colon before a blank or at its end: put it in quotes' }
  return , $value
}

# A plain text as the core schema has it: null, true, false, a number, or a text.
function ConvertFrom-HomingYamlPlain {
  param([AllowEmptyString()] [string] $Text, [hashtable] $Line)
  $first = $Text.Substring(0, [Math]::Min(1, $Text.Length))
  if ($script:HomingYamlRefused.ContainsKey($first)) { Stop-HomingYaml $Line $script:HomingYamlRefused[$first] }
  if (-not $Text -or '%@`,[]{}#'.IndexOf($first) -ge 0) { Stop-HomingYaml $Line 'a text that begins with a mark, or is missing: put it in quotes' }
  if ($Text -cmatch '^[-?:](?: |\z)') { Stop-HomingYaml $Line 'a -, ? or : alone: put it in quotes, begin a list in a line of its own, write keys as key: value' }
  if ($Text.IndexOf("`t") -ge 0) { Stop-HomingYaml $Line 'a tab: write a blank, or \t in double quotes' }
  if ($Text -cmatch '^(?:~|[Nn]ull|NULL)\z') { return $null }
  if ($Text -cmatch '^(?:[Tt]rue|TRUE|[Ff]alse|FALSE)\z') { return $Text.Length -eq 4 }
  if ($Text -cmatch '^(?:0x[0-9a-fA-F]+|0o[0-7]+|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\z') { Stop-HomingYaml $Line 'a number that is not decimal: write it so, or put it in quotes' }
  $number = 0.0
  if ($Text -cnotmatch '^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\z') { return $Text }
  $read = [double]::TryParse($Text, [Globalization.NumberStyles]::Float, [cultureinfo]::InvariantCulture, [ref] $number)
  $whole = $Text -cmatch '^[-+]?[0-9]+\z'
  if (-not $read -or [double]::IsInfinity($number) -or ($whole -and [Math]::Abs($number) -gt 9007199254740991)) { Stop-HomingYaml $Line 'a number too large to be kept: put it in quotes' }
  if ($whole) { [long] $number } else { $number }
}

# The value at a place of a line: in quotes, in brackets, or, inside of those, plain. The place moves behind it.
function Read-HomingYamlFlow {
  param([hashtable] $Place, [int] $Depth)
  if ($Depth -gt $script:HomingYamlDepth) { Stop-HomingYaml $Place.Line 'nested too deep' }
  switch (Get-HomingYamlMark $Place) {
    '[' { return , (Read-HomingYamlFlowList $Place $Depth) }
    '{' { return , (Read-HomingYamlFlowMap $Place $Depth) }
    '"' { return Read-HomingYamlQuoted $Place }
    "'" { return Read-HomingYamlQuoted $Place }
  }
  $word = $script:HomingYamlWord.Match($Place.Line.Text, $Place.At)
  if (-not $word.Success) { Stop-HomingYaml $Place.Line 'a value is missing, or begins with a mark: write null, or put the text in quotes' }
  $Place.At += $word.Length
  return , (ConvertFrom-HomingYamlPlain $word.Value $Place.Line)
}

# The next character that is no blank, as a text; it is not passed.
function Get-HomingYamlMark {
  param([hashtable] $Place)
  $text = $Place.Line.Text
  while ($Place.At -lt $text.Length -and $text[$Place.At] -eq ' ') { $Place.At++ }
  if ($Place.At -ge $text.Length) { Stop-HomingYaml $Place.Line 'a bracket is not closed: a list or an object in brackets stays on one line; without brackets each part has a line of its own' }
  [string] $text[$Place.At]
}

function Read-HomingYamlFlowList {
  param([hashtable] $Place, [int] $Depth)
  $items = [Collections.Generic.List[object]]::new()
  $Place.At++
  while ((Get-HomingYamlMark $Place) -ne ']') {
    $items.Add((Read-HomingYamlFlow $Place ($Depth + 1)))
    Skip-HomingYamlComma $Place ']'
  }
  $Place.At++
  return , $items.ToArray()
}

function Read-HomingYamlFlowMap {
  param([hashtable] $Place, [int] $Depth)
  $members = New-HomingDictionary
  $Place.At++
  while (($mark = Get-HomingYamlMark $Place) -ne '}') {
    if ($mark -eq '[' -or $mark -eq '{') { Stop-HomingYaml $Place.Line 'a key is a text' }
    $start = $Place.At
    $name = Read-HomingYamlFlow $Place $Depth
    $after = $Place.At
    $name = Confirm-HomingYamlKey $name ($after - $start) $Place.Line
    # Right behind a quoted key the colon needs no blank after it.
    $adjacent = $mark -eq '"' -or $mark -eq "'"
    if ((Get-HomingYamlMark $Place) -ne ':') { Stop-HomingYaml $Place.Line "'key: value' is expected inside of { }, with a blank after the colon" }
    $blank = $Place.At + 1 -lt $Place.Line.Text.Length -and $Place.Line.Text[$Place.At + 1] -eq ' '
    if (-not $blank -and -not ($adjacent -and $Place.At -eq $after)) { Stop-HomingYaml $Place.Line 'a blank is missing after a colon inside of { }' }
    if ($members.Contains($name)) { Stop-HomingYaml $Place.Line "'$name' is there twice" }
    $Place.At++
    [void] (Get-HomingYamlMark $Place)
    $members[$name] = Read-HomingYamlFlow $Place ($Depth + 1)
    Skip-HomingYamlComma $Place '}'
  }
  $Place.At++
  return , $members
}

function Skip-HomingYamlComma {
  param([hashtable] $Place, [string] $End)
  $mark = Get-HomingYamlMark $Place
  if ($mark -eq ',') { $Place.At++ } elseif ($mark -ne $End) { Stop-HomingYaml $Place.Line "',' or '$End' is expected; a text with a colon before a blank needs quotes" }
}

# The text in quotes at a place, which moves behind it.
function Read-HomingYamlQuoted {
  param([hashtable] $Place)
  $double = $Place.Line.Text[$Place.At] -eq '"'
  $pattern = if ($double) { '\G"((?:[^"\\]|\\.)*)"' } else { "\G'((?:[^']|'')*)'" }
  $found = [regex]::new($pattern).Match($Place.Line.Text, $Place.At)
  if (-not $found.Success) { Stop-HomingYaml $Place.Line 'a quote is not closed: a text stays on one line, with \n in double quotes for a line break' }
  $Place.At += $found.Length
  $text = $found.Groups[1].Value
  if ($double) { ConvertFrom-HomingYamlEscape $text $Place.Line } else { $text.Replace("''", "'") }
}

# The escapes of double quotes (YAML 1.2, 5.7).
function ConvertFrom-HomingYamlEscape {
  param([AllowEmptyString()] [string] $Text, [hashtable] $Line)
  if ($Text.IndexOf('\') -lt 0) { return $Text }
  $from = '0abtnvfre "/\N_LP' + "`t"
  $to = @(0, 7, 8, 9, 10, 11, 12, 13, 27, 32, 34, 47, 92, 0x85, 0xA0, 0x2028, 0x2029, 9)
  $out = [Text.StringBuilder]::new()
  for ($i = 0; $i -lt $Text.Length; $i++) {
    if ($Text[$i] -ne '\') { [void] $out.Append($Text[$i]); continue }
    $i++
    $known = $from.IndexOf($Text[$i])
    if ($known -ge 0) { [void] $out.Append([char] $to[$known]); continue }
    $digits = switch -CaseSensitive ([string] $Text[$i]) { 'x' { 2 } 'u' { 4 } 'U' { 8 } default { 0 } }
    if ($digits -eq 0 -or $Text.Substring($i + 1) -cnotmatch "^[0-9A-Fa-f]{$digits}") { Stop-HomingYaml $Line 'a backslash with something unknown behind it: write \\ for a backslash, or use single quotes' }
    $code = [Convert]::ToInt64($Matches[0], 16)
    if ($code -gt 0x10FFFF -or ($digits -eq 8 -and $code -ge 0xD800 -and $code -le 0xDFFF)) { Stop-HomingYaml $Line 'an escape that names no character' }
    if ($code -gt 0xFFFF) { [void] $out.Append([char]::ConvertFromUtf32([int] $code)) } else { [void] $out.Append([char] $code) }
    $i += $digits
  }
  $out.ToString()
}
