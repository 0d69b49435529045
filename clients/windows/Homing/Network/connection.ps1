# Connections of exchanges: resolve, connect within the family that is asked for, through a proxy or not, TLS, kept for
# the next request (A-1.3, A-3.2 to A-3.4). Each function is one step of an exchange's job, see exchange.ps1.

$script:HomingIdleMilliseconds = 110000

# Takes a connection that waits, or begins a new one.
function Open-HomingConnection {
  param([hashtable] $Job)
  $request = $Job.Request
  $proxy = Resolve-HomingProxy $request.Proxy $request.Uri
  $Job.Proxy = $proxy
  $Job.Key = '{0}|{1}|{2}|{3}|{4}|{5}' -f $request.Uri.Scheme, $request.Uri.DnsSafeHost, $request.Uri.Port, $proxy, $request.Family, $request.Trust.Id
  $Job.Reused = $false
  if ($Job.Fresh -eq $false) {
    $kept = Receive-HomingConnection $Job.Loop $Job.Key
    if ($null -ne $kept) {
      $Job.Connection = $kept
      $Job.Reused = $true
      Send-HomingRequest $Job
      return
    }
  }
  $Job.Due = [Math]::Min($Job.End, (Get-HomingTick) + $request.ConnectTimeout)
  $place = if ($null -ne $proxy) { $proxy } else { $request.Uri }
  $literal = $null
  if ([Net.IPAddress]::TryParse($place.DnsSafeHost, [ref] $literal)) {
    Set-HomingCandidate $Job @($literal) $place
    return
  }
  $Job.Place = $place
  $Job.Task = [Net.Dns]::GetHostAddressesAsync($place.DnsSafeHost)
  $Job.Step = {
    param($Job)
    if ($Job.Done.IsFaulted) { Complete-HomingExchange $Job 'network' "$($Job.Place.DnsSafeHost) has no address: $((Get-HomingTaskError $Job.Done).Message)"; return }
    Set-HomingCandidate $Job $Job.Done.Result $Job.Place
  }
}

function Set-HomingCandidate {
  param([hashtable] $Job, [Net.IPAddress[]] $Addresses, [uri] $Place)
  $wanted = switch ($Job.Request.Family) { 'ipv4' { 'InterNetwork' } 'ipv6' { 'InterNetworkV6' } default { '' } }
  # A proxy is reached as it can be: what it reports is the address behind it.
  if ($null -ne $Job.Proxy) { $wanted = '' }
  $Job.Candidates = [Collections.Generic.Queue[object]]::new()
  foreach ($address in $Addresses) { if (-not $wanted -or [string] $address.AddressFamily -eq $wanted) { $Job.Candidates.Enqueue($address) } }
  $Job.Place = $Place
  $Job.Words = "$($Place.DnsSafeHost) has no address of this family"
  Connect-HomingCandidate $Job
}

function Connect-HomingCandidate {
  param([hashtable] $Job)
  if ($Job.Candidates.Count -eq 0) { Complete-HomingExchange $Job 'network' $Job.Words; return }
  $address = $Job.Candidates.Dequeue()
  try {
    $tcp = [Net.Sockets.TcpClient]::new($address.AddressFamily)
  } catch {
    # The family is switched off on this machine; another candidate may do.
    $Job.Words = "this machine has no sockets for $address"
    Connect-HomingCandidate $Job
    return
  }
  $tcp.NoDelay = $true
  $Job.Connection = @{ Tcp = $tcp; Stream = $null; Key = $Job.Key; Since = 0 }
  $Job.Task = $tcp.ConnectAsync($address, $Job.Place.Port)
  # An address that swallows what is sent to it must not use up the time of the next one.
  $Job.ConnectEnd = $Job.Due
  if ($Job.Candidates.Count -gt 0) { $Job.Due = [Math]::Min($Job.Due, (Get-HomingTick) + 3000) }
  $Job.Step = {
    param($Job)
    $Job.Due = $Job.ConnectEnd
    $fault = Get-HomingTaskError $Job.Done
    if ($null -ne $fault) {
      Close-HomingConnection $Job
      $Job.Words = "$($Job.Place.DnsSafeHost):$($Job.Place.Port): $($fault.Message)"
      Connect-HomingCandidate $Job
      return
    }
    $Job.Connection.Stream = $Job.Connection.Tcp.GetStream()
    if ($null -ne $Job.Proxy -and $Job.Request.Uri.Scheme -eq 'https') { Send-HomingConnect $Job } else { Protect-HomingConnection $Job }
  }
}

# Asks the proxy for a tunnel.
function Send-HomingConnect {
  param([hashtable] $Job)
  $place = '{0}:{1}' -f $Job.Request.Uri.Host, $Job.Request.Uri.Port
  $text = "CONNECT $place HTTP/1.1`r`nHost: $place`r`n$(Get-HomingProxyLogin $Job.Proxy)`r`n"
  $octets = [Text.Encoding]::ASCII.GetBytes($text)
  $Job.Task = $Job.Connection.Stream.WriteAsync($octets, 0, $octets.Length)
  $Job.Raw = [IO.MemoryStream]::new()
  $Job.Buffer = [byte[]]::new(1)
  $Job.Step = {
    param($Job)
    $fault = Get-HomingTaskError $Job.Done
    if ($null -ne $fault) { Complete-HomingExchange $Job 'proxy' "the proxy: $($fault.Message)"; return }
    # Octet by octet, since what follows the head belongs to TLS.
    while ($true) {
      $read = if ($Job.Done -is [Threading.Tasks.Task[int]]) { $Job.Done.Result } else { -1 }
      if ($read -eq 0) { Complete-HomingExchange $Job 'proxy' 'the proxy closed the connection'; return }
      if ($read -eq 1) { $Job.Raw.WriteByte($Job.Buffer[0]) }
      $head = [Text.Encoding]::ASCII.GetString($Job.Raw.ToArray())
      if ($head.EndsWith("`r`n`r`n")) { break }
      if ($head.Length -gt 8192) { Complete-HomingExchange $Job 'proxy' 'the proxy answered without end'; return }
      $Job.Task = $Job.Connection.Stream.ReadAsync($Job.Buffer, 0, 1)
      if (-not $Job.Task.IsCompleted) { return }
      $Job.Done = $Job.Task
      $Job.Task = $null
      if ($Job.Done.IsFaulted) { Complete-HomingExchange $Job 'proxy' 'the proxy closed the connection'; return }
    }
    if ($head -notmatch '^HTTP/1\.[01] 2[0-9][0-9]') { Complete-HomingExchange $Job 'proxy' "the proxy answered: $($head.Split("`r")[0])"; return }
    Protect-HomingConnection $Job
  }
}

# 'Proxy-Authorization' of a proxy whose URL has user and password, else ''.
function Get-HomingProxyLogin {
  param([uri] $Proxy)
  if (-not $Proxy.UserInfo) { return '' }
  $login = [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes([uri]::UnescapeDataString($Proxy.UserInfo)))
  "Proxy-Authorization: Basic $login`r`n"
}

# TLS where it is asked for, then the request.
function Protect-HomingConnection {
  param([hashtable] $Job)
  if ($Job.Request.Uri.Scheme -ne 'https') { Send-HomingRequest $Job; return }
  $Job.Tls = Start-HomingTls $Job.Connection.Stream $Job.Request.Uri.DnsSafeHost $Job.Request.Trust
  $Job.Task = $Job.Tls.Task
  $Job.Step = {
    param($Job)
    $fault = Get-HomingTaskError $Job.Done
    if ($null -ne $fault) {
      $code = if ($fault -is [Net.Sockets.SocketException]) { 'network' } else { 'tls' }
      Complete-HomingExchange $Job $code "TLS with $($Job.Request.Uri.DnsSafeHost): $($fault.Message)"
      return
    }
    if (-not (Test-HomingTls $Job.Tls)) { Complete-HomingExchange $Job 'tls' "the certificate of $($Job.Request.Uri.DnsSafeHost) ends in a root that is not trusted"; return }
    $Job.Connection.Stream = $Job.Tls.Stream
    Send-HomingRequest $Job
  }
}

# A connection that waits and is still open, or null.
function Receive-HomingConnection {
  param([hashtable] $Loop, [string] $Key)
  while ($Loop.Idle.ContainsKey($Key) -and $Loop.Idle[$Key].Count -gt 0) {
    $kept = $Loop.Idle[$Key].Pop()
    # Something to read on a connection that should be silent is its end.
    $alive = (Get-HomingTick) - $kept.Since -lt $script:HomingIdleMilliseconds -and -not $kept.Tcp.Client.Poll(0, 'SelectRead')
    if ($alive) { return $kept }
    $kept.Tcp.Close()
  }
  $null
}

# Keeps a connection for the next request to the same place.
function Save-HomingConnection {
  param([hashtable] $Loop, [hashtable] $Connection)
  if (-not $Loop.Idle.ContainsKey($Connection.Key)) { $Loop.Idle[$Connection.Key] = [Collections.Generic.Stack[hashtable]]::new() }
  $waiting = $Loop.Idle[$Connection.Key]
  if ($waiting.Count -ge 4) { $Connection.Tcp.Close(); return }
  $Connection.Since = Get-HomingTick
  $waiting.Push($Connection)
}

# Closes every connection that waits.
function Clear-HomingConnection {
  param([hashtable] $Loop)
  foreach ($stack in @($Loop.Idle.Values)) { while ($stack.Count -gt 0) { $stack.Pop().Tcp.Close() } }
  $Loop.Idle.Clear()
}

function Close-HomingConnection {
  param([hashtable] $Job)
  if ($null -eq $Job.Connection) { return }
  $Job.Connection.Tcp.Close()
  $Job.Connection = $null
}
