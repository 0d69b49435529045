# One HTTP/1.1 request and its reply over a socket of our own, as a job of the loop. Written here, and not with
# HttpClient, because the .NET Framework's can neither be held to one family, nor limit connecting apart from the rest,
# nor verify with one root more without a callback on a foreign thread.

# What is asked: the address, and how to get there. Trust: @{ Id; Roots; Certificate }. Limit: octets of the body to read.
function New-HomingRequest {
  param([uri] $Uri, [hashtable] $Members)
  $request = @{
    Uri = $Uri; Method = 'GET'; Headers = [ordered] @{}; Body = [byte[]]::new(0); Family = ''; Proxy = 'system'
    Trust = @{ Id = ''; Roots = @(); Certificate = $null }; ConnectTimeout = 10000.0; Timeout = 30000.0; Limit = 4096; Redirects = 0
  }
  foreach ($name in $Members.Keys) { $request[$name] = $Members[$name] }
  $request
}

# Starts an exchange; Then is run with the job, whose Reply is @{ Code; Words; Status; Headers; Body; Cut; Location }.
# Code is null where a whole reply came, else network, timeout, tls, proxy or redirect. Cut: there was more than Limit.
function Start-HomingExchange {
  param([hashtable] $Loop, [hashtable] $Request, [scriptblock] $Then, [hashtable] $About)
  $job = @{
    Request = $Request; About = $About; Then = $Then; Connection = $null; Reply = $null; Fresh = $false
    Started = Get-HomingTick; End = (Get-HomingTick) + $Request.Timeout; Hops = 0; Proxy = $null; Tls = $null
  }
  $job.Due = $job.End
  $job.Step = { param($Job) Open-HomingConnection $Job }
  $job.Late = {
    param($Job)
    if ((Get-HomingTick) -lt $Job.End -and $Job.ContainsKey('Candidates') -and $null -ne $Job.Candidates -and $Job.Candidates.Count -gt 0) {
      Close-HomingConnection $Job
      $Job.Due = $Job.ConnectEnd
      Connect-HomingCandidate $Job
      return
    }
    Complete-HomingExchange $Job 'timeout' "no reply within $(Format-HomingDuration ((Get-HomingTick) - $Job.Started))"
  }
  Start-HomingJob $Loop $job
  $job
}

# Ends the exchange with a failure.
function Complete-HomingExchange {
  param([hashtable] $Job, [string] $Code, [string] $Words)
  Close-HomingConnection $Job
  $Job.Reply = @{ Code = $Code; Words = $Words; Status = 0; Headers = @{}; Body = [byte[]]::new(0); Cut = $false; Location = $null }
  Stop-HomingJob $Job
}

# The reply of an ended exchange; one that ended by a fault of ours is a failure of the network like any other.
function Get-HomingReply {
  param([hashtable] $Job)
  if ($null -ne $Job.Reply) { return $Job.Reply }
  Close-HomingConnection $Job
  $words = if ($null -ne $Job.Fault) { $Job.Fault.Exception.GetBaseException().Message } else { 'no reply' }
  @{ Code = 'network'; Words = $words; Status = 0; Headers = @{}; Body = [byte[]]::new(0); Cut = $false; Location = $null }
}

function Send-HomingRequest {
  param([hashtable] $Job)
  $request = $Job.Request
  $Job.Candidates = $null
  $Job.Due = $Job.End
  $target = $request.Uri.PathAndQuery
  $login = ''
  if ($null -ne $Job.Proxy -and $request.Uri.Scheme -eq 'http') {
    $target = $request.Uri.AbsoluteUri
    $login = Get-HomingProxyLogin $Job.Proxy
  }
  $text = [Text.StringBuilder]::new()
  [void] $text.Append("$($request.Method) $target HTTP/1.1`r`nHost: $($request.Uri.Authority)`r`n$login")
  foreach ($name in $request.Headers.Keys) { [void] $text.Append("${name}: $($request.Headers[$name])`r`n") }
  if ($request.Body.Length -gt 0) { [void] $text.Append("Content-Length: $($request.Body.Length)`r`n") }
  $octets = [Text.Encoding]::ASCII.GetBytes($text.Append("`r`n").ToString())
  if ($request.Body.Length -gt 0) { $octets = [byte[]] ($octets + $request.Body) }
  $Job.Raw = [IO.MemoryStream]::new()
  $Job.Head = $null
  $Job.Buffer = [byte[]]::new(8192)
  $Job.Task = $Job.Connection.Stream.WriteAsync($octets, 0, $octets.Length)
  $Job.Step = {
    param($Job)
    if ($Job.Done.IsFaulted) { Resume-HomingExchange $Job (Get-HomingTaskError $Job.Done).Message; return }
    $Job.Step = { param($Job) Receive-HomingReply $Job }
    $Job.Task = $Job.Connection.Stream.ReadAsync($Job.Buffer, 0, $Job.Buffer.Length)
  }
}

# A kept connection that the server closed in the meantime is no failure: once more over a new one.
function Resume-HomingExchange {
  param([hashtable] $Job, [string] $Words)
  if ($Job.Reused -and $Job.Raw.Length -eq 0) {
    Close-HomingConnection $Job
    $Job.Fresh = $true
    Open-HomingConnection $Job
    return
  }
  Complete-HomingExchange $Job 'network' $Words
}

function Receive-HomingReply {
  param([hashtable] $Job)
  $fault = Get-HomingTaskError $Job.Done
  if ($null -ne $fault) { Resume-HomingExchange $Job $fault.Message; return }
  $count = $Job.Done.Result
  $Job.Raw.Write($Job.Buffer, 0, $count)
  $ended = $count -eq 0
  if ($ended -and $Job.Raw.Length -eq 0) { Resume-HomingExchange $Job 'the server closed the connection without a reply'; return }
  while ($true) {
    if ($null -eq $Job.Head) { $Job.Head = Read-HomingHead $Job }
    # An interim reply (1xx) is followed by the real one.
    if ($null -eq $Job.Head -or $Job.Head.Status -ge 200 -or $Job.Head.Status -eq 0) { break }
    $Job.Raw = Copy-HomingRest $Job.Raw $Job.Head.Length
    $Job.Head = $null
  }
  if ($null -ne $Job.Head -and $Job.Head.Status -eq 0) { Complete-HomingExchange $Job 'network' 'the reply is not HTTP'; return }
  if ($null -ne $Job.Head) {
    $body = Read-HomingBody $Job $ended
    if ($body.Bad) { Complete-HomingExchange $Job 'network' 'the reply is cut off or badly framed'; return }
    if ($body.Whole) { Save-HomingReply $Job $body; return }
  } elseif ($ended) { Complete-HomingExchange $Job 'network' 'the reply is cut off'; return }
  $Job.Task = $Job.Connection.Stream.ReadAsync($Job.Buffer, 0, $Job.Buffer.Length)
}

function Copy-HomingRest {
  param([IO.MemoryStream] $Raw, [int] $From)
  $rest = [IO.MemoryStream]::new()
  $rest.Write($Raw.ToArray(), $From, [int] $Raw.Length - $From)
  , $rest
}

# The head once it is there: @{ Status; Headers; Length; Keep }, Status 0 where it is not HTTP; null while it is not there.
function Read-HomingHead {
  param([hashtable] $Job)
  $text = [Text.Encoding]::GetEncoding(28591).GetString($Job.Raw.ToArray())
  $bad = @{ Status = 0; Headers = @{}; Length = 0; Keep = $false }
  if (-not 'HTTP/1.'.StartsWith($text.Substring(0, [Math]::Min(7, $text.Length)), [StringComparison]::Ordinal)) { return $bad }
  $end = $text.IndexOf("`r`n`r`n", [StringComparison]::Ordinal)
  if ($end -lt 0) { if ($text.Length -gt 65536) { return $bad } else { return $null } }
  $lines = $text.Substring(0, $end) -split "`r`n"
  if ($lines[0] -notmatch '^HTTP/1\.([01]) ([1-5][0-9][0-9])( |$)') { return $bad }
  $head = @{ Status = [int] $Matches[2]; Headers = @{}; Length = $end + 4; Keep = $Matches[1] -eq '1' }
  for ($i = 1; $i -lt $lines.Length; $i++) {
    $colon = $lines[$i].IndexOf(':')
    if ($colon -lt 1) { return $bad }
    $head.Headers[$lines[$i].Substring(0, $colon).ToLowerInvariant()] = $lines[$i].Substring($colon + 1).Trim()
  }
  if ([string] $head.Headers['connection'] -match 'close') { $head.Keep = $false }
  $head
}

# The body so far: @{ Octets; Whole; Cut; Bad; Keep }.
function Read-HomingBody {
  param([hashtable] $Job, [bool] $Ended)
  $head = $Job.Head
  $limit = $Job.Request.Limit
  $rest = (Copy-HomingRest $Job.Raw $head.Length).ToArray()
  $body = @{ Octets = $rest; Whole = $false; Cut = $false; Bad = $false; Keep = $head.Keep }
  $length = 0L
  if ($head.Status -eq 204 -or $head.Status -eq 304) {
    $body.Octets = [byte[]]::new(0)
    $body.Whole = $true
  } elseif ([string] $head.Headers['transfer-encoding'] -match 'chunked') {
    $chunked = Read-HomingChunk $rest
    $body.Octets = $chunked.Octets
    $body.Whole = $chunked.Whole
    $body.Bad = $chunked.Bad -or ($Ended -and -not $chunked.Whole)
  } elseif ($head.Headers.ContainsKey('content-length')) {
    if (-not [long]::TryParse($head.Headers['content-length'], [Globalization.NumberStyles]::None, [cultureinfo]::InvariantCulture, [ref] $length)) { $body.Bad = $true; return $body }
    $body.Whole = $rest.LongLength -ge $length
    if ($rest.LongLength -gt $length) { $body.Octets = [byte[]] $rest[0..([int] $length - 1)]; $body.Keep = $false }
    if ($length -eq 0) { $body.Octets = [byte[]]::new(0) }
    $body.Bad = $Ended -and -not $body.Whole
  } else {
    $body.Whole = $Ended
    $body.Keep = $false
  }
  if ($body.Octets.Length -gt $limit) {
    $body.Octets = [byte[]] $body.Octets[0..($limit - 1)]
    $body.Cut = $true
    $body.Keep = $false
    $body.Whole = $true
    $body.Bad = $false
  }
  $body
}

# Chunked transfer coding (RFC 9112, 7.1) as far as it came: @{ Octets; Whole; Bad }. Trailers are read over.
function Read-HomingChunk {
  param([byte[]] $Raw)
  $text = [Text.Encoding]::GetEncoding(28591).GetString($Raw)
  $out = [IO.MemoryStream]::new()
  $at = 0
  while ($true) {
    $line = $text.IndexOf("`r`n", $at, [StringComparison]::Ordinal)
    if ($line -lt 0) { return @{ Octets = $out.ToArray(); Whole = $false; Bad = ($text.Length - $at -gt 1024) } }
    if ($text.Substring($at, $line - $at) -notmatch '^([0-9A-Fa-f]{1,7})[ \t]*(;.*)?$') { return @{ Octets = $out.ToArray(); Whole = $false; Bad = $true } }
    $size = [Convert]::ToInt32($Matches[1], 16)
    $at = $line + 2
    if ($size -eq 0) {
      $whole = $text.IndexOf("`r`n", $at, [StringComparison]::Ordinal) -eq $at -or $text.IndexOf("`r`n`r`n", $at, [StringComparison]::Ordinal) -ge 0
      return @{ Octets = $out.ToArray(); Whole = $whole; Bad = $false }
    }
    $there = [Math]::Min($size, $Raw.Length - $at)
    $out.Write($Raw, $at, $there)
    if ($at + $size + 2 -gt $Raw.Length) { return @{ Octets = $out.ToArray(); Whole = $false; Bad = $false } }
    if ($text.Substring($at + $size, 2) -ne "`r`n") { return @{ Octets = $out.ToArray(); Whole = $false; Bad = $true } }
    $at += $size + 2
  }
}

# A whole reply: followed where it redirects to the same place (A-3.5), else kept with the connection.
function Save-HomingReply {
  param([hashtable] $Job, [hashtable] $Body)
  if ($Body.Keep) { Save-HomingConnection $Job.Loop $Job.Connection } else { $Job.Connection.Tcp.Close() }
  $Job.Connection = $null
  $status = $Job.Head.Status
  $location = [string] $Job.Head.Headers['location']
  if ($Job.Request.Redirects -gt 0 -and @(301, 302, 303, 307, 308) -contains $status -and $location) {
    $next = $null
    $from = $Job.Request.Uri
    if (-not [uri]::TryCreate($from, $location, [ref] $next)) { Complete-HomingExchange $Job 'redirect' 'redirected to something that is no address'; return }
    $same = $next.Scheme -eq $from.Scheme -and $next.DnsSafeHost -eq $from.DnsSafeHost -and $next.Port -eq $from.Port
    if (-not $same) { Complete-HomingExchange $Job 'redirect' "redirected to $($next.GetLeftPart('Authority')), which is another place"; return }
    $Job.Hops++
    if ($Job.Hops -gt $Job.Request.Redirects) { Complete-HomingExchange $Job 'redirect' "redirected more than $($Job.Request.Redirects) times"; return }
    $Job.Request.Uri = $next
    $Job.Fresh = $false
    Open-HomingConnection $Job
    return
  }
  $Job.Reply = @{ Code = $null; Words = ''; Status = $status; Headers = $Job.Head.Headers; Body = [byte[]] $Body.Octets; Cut = $Body.Cut; Location = $location }
  Stop-HomingJob $Job
}
