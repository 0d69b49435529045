# What a reply to an update means (A-4): done, stopped or failed, with a code, in words, and how long to wait.

$script:HomingStopWords = @{
  'badauth'  = 'The server does not accept user and secret. Check them in the configuration; perhaps the token was revoked.'
  '!donator' = 'The server wants payment for this. Ask its operator, or take another server.'
  'notfqdn'  = 'The server says that this is no full name of a host. Check the host in the configuration.'
  'nohost'   = 'The server does not know this host. Create it there, or correct its name in the configuration.'
  'numhost'  = 'The server says that these are too many hosts in one request. Ask its operator.'
  '!yours'   = 'The host belongs to somebody else at the server. Check host and user in the configuration.'
  'badagent' = 'The server refuses this program. Ask its operator.'
  'badsys'   = 'The server does not know what was asked of it. Check the path in the configuration.'
  'abuse'    = 'The host is blocked at the server. Ask its operator to unblock it, then run Update-HomingHost -Force once.'
}

# A reply of an exchange and the addresses that were sent -> @{ Outcome; Code; Words; Wait }, Wait in ms or null.
function Resolve-HomingOutcome {
  param([hashtable] $Reply, [string[]] $Sent, [datetime] $Now)
  $outcome = @{ Outcome = 'failed'; Code = $Reply.Code; Words = $Reply.Words; Wait = $null }
  if ($null -ne $Reply.Code) { return $outcome }
  $outcome.Wait = ConvertFrom-HomingRetryAfter ([string] $Reply.Headers['retry-after']) $Now
  $words = Read-HomingReplyWord $Reply.Body
  $code = $words[0]
  $status = $Reply.Status
  $fine = $status -ge 200 -and $status -le 299
  if ($fine -and ($code -ceq 'good' -or $code -ceq 'nochg')) {
    if ($code -eq 'good' -and $words[1] -eq '127.0.0.1' -and $Sent -notcontains '127.0.0.1') { return Stop-HomingOutcome $outcome 'badagent' }
    $outcome.Outcome = 'done'
    $outcome.Code = $code
    $outcome.Wait = $null
    $outcome.Words = if ($code -eq 'good') { "The server took $([string]::Join(' and ', $Sent))." } else { "The server has $([string]::Join(' and ', $Sent)) already." }
    return $outcome
  }
  if ($script:HomingStopWords.ContainsKey($code)) { return Stop-HomingOutcome $outcome $code }
  if ($status -eq 401) { return Stop-HomingOutcome $outcome 'badauth' }
  if ($status -eq 407) { $outcome.Code = 'proxy'; $outcome.Words = 'The proxy wants a login. Set servers.NAME.proxy to http://USER:PASSWORD@NAME:PORT, or to none.' }
  elseif ($code -eq '911' -or $code -eq 'dnserr') { $outcome.Code = $code; $outcome.Words = "The server is in trouble ($code) and asks to be left alone for a while." }
  elseif ($status -eq 429 -or $status -ge 500) { $outcome.Code = 'status'; $outcome.Words = "The server answered with status $status." }
  elseif ($status -ge 300 -and $status -le 399) { $outcome.Code = 'redirect'; $outcome.Words = "The server redirects to $(Format-HomingPlace $Reply.Location)." }
  else { $outcome.Code = 'reply'; $outcome.Words = "The reply (status $status) is not one of an update server. Perhaps the address or the path is wrong, or a login page answers." }
  $outcome
}

function Stop-HomingOutcome {
  param([hashtable] $Outcome, [string] $Code)
  $Outcome.Outcome = 'stopped'
  $Outcome.Code = $Code
  $Outcome.Words = $script:HomingStopWords[$Code]
  $Outcome
}

# Scheme, name and port alone: the rest of a location may hold anything.
function Format-HomingPlace {
  param([AllowEmptyString()] [string] $Location)
  $uri = $null
  if ([uri]::TryCreate($Location, [UriKind]::Absolute, [ref] $uri)) { $uri.GetLeftPart([UriPartial]::Authority) } else { 'nowhere' }
}

# The first two words of the first line that is not empty, the first in lower case; '' where there is none.
function Read-HomingReplyWord {
  param([byte[]] $Body)
  foreach ($line in [Text.Encoding]::GetEncoding(28591).GetString($Body) -split '[\r\n]+') {
    $words = @($line.Split([char[]] " `t", [StringSplitOptions]::RemoveEmptyEntries))
    if ($words.Count -gt 0) { return , @($words[0].ToLowerInvariant(), $(if ($words.Count -gt 1) { $words[1] } else { '' })) }
  }
  , @('', '')
}

# Seconds or a date -> milliseconds, at most a day; null where it is neither, or past.
function ConvertFrom-HomingRetryAfter {
  param([AllowEmptyString()] [string] $Text, [datetime] $Now)
  $wait = $null
  $time = [datetime]::MinValue
  $styles = [Globalization.DateTimeStyles]::AdjustToUniversal -bor [Globalization.DateTimeStyles]::AssumeUniversal
  if ($Text -cmatch '^[0-9]{1,9}$') { $wait = 1000.0 * [long] $Text }
  elseif ($Text -cmatch '^[A-Z][a-z]{2}, ' -and [datetime]::TryParseExact($Text, 'R', [cultureinfo]::InvariantCulture, $styles, [ref] $time)) { $wait = ($time - $Now).TotalMilliseconds }
  if ($null -eq $wait -or $wait -lt 0) { return $null }
  [Math]::Min($wait, 86400000.0)
}
