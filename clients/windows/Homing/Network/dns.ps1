# Small DNS queries over UDP, with TCP where the answer was cut (RFC 1035): to see that a name has arrived (A-2.6), and
# to find the servers of its zone (A-2.7). The resolver of the system would answer from its cache.

$script:HomingDnsTypes = @{ A = 1; NS = 2; CNAME = 5; SOA = 6; AAAA = 28 }

# A query: 12 octets of header, one question. Recurse asks the server to ask others.
function New-HomingDnsQuery {
  param([string] $Name, [string] $Type, [int] $Id, [bool] $Recurse)
  $out = [IO.MemoryStream]::new()
  $flags = if ($Recurse) { 1 } else { 0 }
  $out.Write([byte[]] @(($Id -shr 8), ($Id -band 255), $flags, 0, 0, 1, 0, 0, 0, 0, 0, 0), 0, 12)
  foreach ($label in $Name.TrimEnd('.').Split('.')) {
    $octets = [Text.Encoding]::ASCII.GetBytes($label)
    if ($octets.Length -lt 1 -or $octets.Length -gt 63) { throw [ArgumentException]::new("$Name is no host name") }
    $out.WriteByte($octets.Length)
    $out.Write($octets, 0, $octets.Length)
  }
  $out.Write([byte[]] @(0, 0, $script:HomingDnsTypes[$Type], 0, 1), 0, 5)
  , $out.ToArray()
}

# A message -> @{ Id; Rcode; Cut; Answers; Authorities }, each record @{ Name; Type; Data }; null where it is damaged.
function Read-HomingDnsMessage {
  param([byte[]] $Message)
  if ($Message.Length -lt 12 -or ($Message[2] -band 0x80) -eq 0) { return $null }
  $read = @{ Octets = $Message; At = 12 }
  $counts = foreach ($i in 4, 6, 8) { $Message[$i] * 256 + $Message[$i + 1] }
  $reply = @{ Id = $Message[0] * 256 + $Message[1]; Rcode = $Message[3] -band 15; Cut = ($Message[2] -band 2) -ne 0; Question = ''; Answers = @(); Authorities = @() }
  try {
    for ($i = 0; $i -lt $counts[0]; $i++) { $reply.Question = Read-HomingDnsName $read; $read.At += 4 }
    $reply.Answers = @(for ($i = 0; $i -lt $counts[1]; $i++) { Read-HomingDnsRecord $read })
    $reply.Authorities = @(for ($i = 0; $i -lt $counts[2]; $i++) { Read-HomingDnsRecord $read })
  } catch {
    # A message that ends before what it announces: as good as none, unless it says itself that it is cut.
    if (-not $reply.Cut) { return $null }
  }
  $reply
}

function Read-HomingDnsRecord {
  param([hashtable] $Read)
  $name = Read-HomingDnsName $Read
  $o = $Read.Octets
  $at = $Read.At
  if ($at + 10 -gt $o.Length) { throw [FormatException]::new('cut off') }
  $type = $o[$at] * 256 + $o[$at + 1]
  $length = $o[$at + 8] * 256 + $o[$at + 9]
  $start = $at + 10
  if ($start + $length -gt $o.Length) { throw [FormatException]::new('cut off') }
  $data = $null
  if (($type -eq 1 -and $length -eq 4) -or ($type -eq 28 -and $length -eq 16)) { $data = [Net.IPAddress]::new([byte[]] $o[$start..($start + $length - 1)]).ToString() }
  elseif ($type -eq 2 -or $type -eq 5) { $data = Read-HomingDnsName @{ Octets = $o; At = $start } }
  $Read.At = $start + $length
  @{ Name = $name; Type = $type; Data = $data }
}

# A name in lower case, without the last dot; '' for the root. Pointers may only lead backwards, so that they end.
function Read-HomingDnsName {
  param([hashtable] $Read)
  $labels = [Collections.Generic.List[string]]::new()
  $at = $Read.At
  $end = -1
  $floor = $at
  while ($true) {
    if ($at -ge $Read.Octets.Length) { throw [FormatException]::new('cut off') }
    $length = $Read.Octets[$at]
    if ($length -eq 0) { if ($end -lt 0) { $end = $at + 1 }; break }
    if ($length -ge 0xC0) {
      if ($at + 1 -ge $Read.Octets.Length) { throw [FormatException]::new('cut off') }
      if ($end -lt 0) { $end = $at + 2 }
      $at = ($length -band 0x3F) * 256 + $Read.Octets[$at + 1]
      if ($at -ge $floor) { throw [FormatException]::new('a pointer that leads forwards') }
      $floor = $at
      continue
    }
    if ($length -gt 63 -or $at + 1 + $length -gt $Read.Octets.Length) { throw [FormatException]::new('cut off') }
    $labels.Add([Text.Encoding]::ASCII.GetString($Read.Octets, $at + 1, $length))
    $at += 1 + $length
  }
  $Read.At = $end
  [string]::Join('.', $labels).ToLowerInvariant()
}

# Starts a query at one server (address and port). Then is run with the job, whose Answer is a message or null.
function Start-HomingDnsQuery {
  param([hashtable] $Loop, [Net.IPEndPoint] $Server, [hashtable] $Question, [scriptblock] $Then, [hashtable] $About)
  $random = Get-HomingRandomOctets 2
  $id = $random[0] * 256 + $random[1]
  $job = @{
    Server = $Server; Id = $id; Name = $Question.Name.TrimEnd('.').ToLowerInvariant(); Answer = $null; Then = $Then; About = $About
    Query = New-HomingDnsQuery $Question.Name $Question.Type $id $Question.Recurse; Tries = 0; Udp = $null; Tcp = $null
    End = (Get-HomingTick) + 4000
  }
  $job.Step = { param($Job) Send-HomingDnsQuery $Job }
  $job.Late = {
    param($Job)
    if ($Job.Tries -lt 3 -and $null -eq $Job.Tcp) { Send-HomingDnsQuery $Job } else { Complete-HomingDnsQuery $Job $null }
  }
  Start-HomingJob $Loop $job
  $job
}

function Send-HomingDnsQuery {
  param([hashtable] $Job)
  if ($null -ne $Job.Udp) { $Job.Udp.Close() }
  $Job.Tries++
  $Job.Udp = [Net.Sockets.UdpClient]::new($Job.Server.AddressFamily)
  # A connected socket takes datagrams from that server alone.
  $Job.Udp.Connect($Job.Server)
  try { [void] $Job.Udp.Send($Job.Query, $Job.Query.Length) } catch { Complete-HomingDnsQuery $Job $null; return }
  $Job.Due = [Math]::Min($Job.End, (Get-HomingTick) + 1300)
  $Job.Task = $Job.Udp.ReceiveAsync()
  $Job.Step = {
    param($Job)
    if ($Job.Done.IsFaulted) { Complete-HomingDnsQuery $Job $null; return }
    $message = Read-HomingDnsMessage $Job.Done.Result.Buffer
    if ($null -eq $message -or $message.Id -ne $Job.Id -or $message.Question -ne $Job.Name) { $Job.Task = $Job.Udp.ReceiveAsync(); return }
    if ($message.Cut) { Connect-HomingDnsServer $Job } else { Complete-HomingDnsQuery $Job $message }
  }
}

function Connect-HomingDnsServer {
  param([hashtable] $Job)
  $Job.Tcp = [Net.Sockets.TcpClient]::new($Job.Server.AddressFamily)
  $Job.Due = $Job.End
  $Job.Raw = [IO.MemoryStream]::new()
  $Job.Buffer = [byte[]]::new(4096)
  $Job.Task = $Job.Tcp.ConnectAsync($Job.Server.Address, $Job.Server.Port)
  $Job.Step = {
    param($Job)
    if ($Job.Done.IsFaulted) { Complete-HomingDnsQuery $Job $null; return }
    if ($Job.Done -is [Threading.Tasks.Task[int]]) {
      $Job.Raw.Write($Job.Buffer, 0, $Job.Done.Result)
      $raw = $Job.Raw.ToArray()
      if ($raw.Length -ge 2 -and $raw.Length -ge 2 + $raw[0] * 256 + $raw[1]) {
        $message = Read-HomingDnsMessage ([byte[]] $raw[2..($raw.Length - 1)])
        Complete-HomingDnsQuery $Job $(if ($null -ne $message -and $message.Id -eq $Job.Id) { $message } else { $null })
        return
      }
      if ($Job.Done.Result -eq 0) { Complete-HomingDnsQuery $Job $null; return }
    } else {
      $framed = [byte[]] (@(($Job.Query.Length -shr 8), ($Job.Query.Length -band 255)) + $Job.Query)
      $Job.Tcp.GetStream().Write($framed, 0, $framed.Length)
    }
    $Job.Task = $Job.Tcp.GetStream().ReadAsync($Job.Buffer, 0, $Job.Buffer.Length)
  }
}

function Complete-HomingDnsQuery {
  param([hashtable] $Job, [AllowNull()] $Answer)
  if ($null -ne $Job.Udp) { $Job.Udp.Close() }
  if ($null -ne $Job.Tcp) { $Job.Tcp.Close() }
  $Job.Answer = $Answer
  Stop-HomingJob $Job
}

# 'ADDRESS', 'ADDRESS:PORT', '[IPV6]:PORT', 'NAME' or 'NAME:PORT' -> @{ Name; Port }, or null.
function Split-HomingPlace {
  param([string] $Text, [int] $DefaultPort)
  if ($null -ne (ConvertTo-HomingAddress $Text '')) { return @{ Name = $Text; Port = $DefaultPort } }
  if ($Text -notmatch '^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9.])?))(?::([0-9]{1,5}))?$') { return $null }
  $name = if ($Matches.ContainsKey(1)) { $Matches[1] } else { $Matches[2] }
  $port = if ($Matches.ContainsKey(4)) { [int] $Matches[4] } else { $DefaultPort }
  if ($port -lt 1 -or $port -gt 65535) { return $null }
  @{ Name = $name; Port = $port }
}

# The resolvers of this machine, at most three.
function Get-HomingResolver {
  if ($script:HomingPlatform.Resolvers.Count -gt 0) { return $script:HomingPlatform.Resolvers }
  $seen = [Collections.Generic.List[object]]::new()
  foreach ($interface in [Net.NetworkInformation.NetworkInterface]::GetAllNetworkInterfaces()) {
    if ($interface.OperationalStatus -ne 'Up') { continue }
    foreach ($address in $interface.GetIPProperties().DnsAddresses) {
      # Windows names these on interfaces without any; nobody answers there.
      if ($address.IsIPv6SiteLocal) { continue }
      $place = [Net.IPEndPoint]::new($address, 53)
      if ($seen.Count -lt 3 -and -not $seen.Contains($place)) { $seen.Add($place) }
    }
  }
  $seen.ToArray()
}
