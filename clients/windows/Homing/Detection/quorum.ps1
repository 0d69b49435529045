# The address of a family: all sources at the same time, and what enough of them agree on (A-1.1, A-1.7, A-1.8).

# Starts a detection. Context: @{ Server; AllowPrivate; Previous }. Then is run with the detection, whose Address is null
# where there is no quorum; Answers has @{ Source; Address; Words; Unreachable } for each source that ended by then.
function Start-HomingDetection {
  param([hashtable] $Loop, [string] $Family, [hashtable] $Settings, [hashtable] $Context, [scriptblock] $Then, [hashtable] $About)
  $detection = @{
    Loop = $Loop; Family = $Family; Settings = $Settings; Context = $Context; Then = $Then; About = $About
    Answers = [Collections.Generic.List[hashtable]]::new(); Address = $null; Ended = $false; Words = ''
  }
  foreach ($source in $Settings.Sources) { Start-HomingSource $detection $source }
  $detection
}

# Takes the answer of one source; ends the detection once nothing that is still to come can change it.
function Add-HomingAnswer {
  param([hashtable] $Detection, [hashtable] $Source, [hashtable] $Answer)
  $Detection.Answers.Add(@{ Source = $Source.Text; Address = $Answer.Address; Words = $Answer.Words; Unreachable = $Answer.ContainsKey('Unreachable') })
  if ($Detection.Ended) { return }
  $left = @($Detection.Settings.Sources).Count - $Detection.Answers.Count
  $agreed = Resolve-HomingQuorum $Detection.Answers.ToArray() $Detection.Settings.Quorum
  # Before the last source has spoken only a lead that it cannot take away is enough.
  if ($left -gt 0 -and ($null -eq $agreed.Address -or $agreed.Lead -le $left)) { return }
  $Detection.Ended = $true
  $Detection.Address = $agreed.Address
  if ($null -eq $agreed.Address -and $left -eq 0 -and $Detection.Settings.ByDefault) { $Detection.Address = Resolve-HomingLoneAddress $Detection }
  if ($null -eq $Detection.Address) { $Detection.Words = Format-HomingDisagreement $Detection }
  & $Detection.Then $Detection
}

# The address that at least so many sources named, and more than any other: @{ Address; Lead }, Address null for none.
function Resolve-HomingQuorum {
  param([hashtable[]] $Answers, [int] $Quorum)
  $votes = New-HomingDictionary
  foreach ($answer in $Answers) { if ($null -ne $answer.Address) { $votes[$answer.Address] = 1 + [int] $votes[$answer.Address] } }
  $best = $null
  $first = 0
  $second = 0
  foreach ($address in @($votes.Keys)) {
    if ($votes[$address] -gt $first) { $second = $first; $first = $votes[$address]; $best = $address }
    elseif ($votes[$address] -gt $second) { $second = $votes[$address] }
  }
  @{ Address = $(if ($first -ge $Quorum -and $first -gt $second) { $best } else { $null }); Lead = $first - $second }
}

# The address that the server gave where it is the only one of the default sources that is reached (A-1.8), or null: where
# another one replied, whatever it said, or where the server's word may be anybody's.
function Resolve-HomingLoneAddress {
  param([hashtable] $Detection)
  $url = $Detection.Context.Server.Url
  if ($url.Scheme -ne 'https' -and -not $url.IsLoopback) { return $null }
  $address = $null
  foreach ($answer in $Detection.Answers) {
    if ($answer.Source -ceq 'server') { $address = $answer.Address } elseif (-not $answer.Unreachable) { return $null }
  }
  $address
}

function Format-HomingDisagreement {
  param([hashtable] $Detection)
  $said = foreach ($answer in $Detection.Answers) {
    '{0} said {1}' -f $answer.Source, $(if ($null -ne $answer.Address) { $answer.Address } else { $answer.Words })
  }
  '{0} of {1} must agree: {2}' -f $Detection.Settings.Quorum, @($Detection.Settings.Sources).Count, [string]::Join('; ', @($said))
}
