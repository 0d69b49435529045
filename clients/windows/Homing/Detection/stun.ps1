# STUN: a Binding request over UDP and the XOR-MAPPED-ADDRESS of its reply (RFC 8489, 5, 6.2.1, 14.2).

# 20 octets: Binding request, no attributes, magic cookie, transaction ID.
function New-HomingStunRequest {
  param([byte[]] $Transaction)
  , [byte[]] (@(0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42) + $Transaction)
}

# A reply -> IPAddress, or null where it is another's, damaged, an error, or has no XOR-MAPPED-ADDRESS.
function Read-HomingStunReply {
  param([byte[]] $Reply, [byte[]] $Transaction)
  if ($Reply.Length -lt 20 -or $Reply[0] -ne 1 -or $Reply[1] -ne 1) { return $null }
  $key = [byte[]] (@(0x21, 0x12, 0xA4, 0x42) + $Transaction)
  for ($i = 0; $i -lt 16; $i++) { if ($Reply[4 + $i] -ne $key[$i]) { return $null } }
  if (20 + $Reply[2] * 256 + $Reply[3] -gt $Reply.Length) { return $null }
  $end = 20 + $Reply[2] * 256 + $Reply[3]
  $at = 20
  while ($at + 4 -le $end) {
    $type = $Reply[$at] * 256 + $Reply[$at + 1]
    $length = $Reply[$at + 2] * 256 + $Reply[$at + 3]
    if ($at + 4 + $length -gt $end) { return $null }
    $size = switch ($Reply[$at + 5]) { 1 { 4 } 2 { 16 } default { 0 } }
    if ($type -eq 0x0020 -and $size -gt 0 -and $length -eq 4 + $size) {
      $octets = [byte[]]::new($size)
      for ($i = 0; $i -lt $size; $i++) { $octets[$i] = $Reply[$at + 8 + $i] -bxor $key[$i] }
      return [Net.IPAddress]::new($octets)
    }
    $at += 4 + 4 * [int] [Math]::Ceiling($length / 4)
  }
  $null
}

# Asks a STUN server within the family; sent again after 0.5 s, 1 s, 2 s ... until the time-out.
function Start-HomingStun {
  param([hashtable] $Loop, [hashtable] $About)
  $job = @{
    About = $About; Udp = $null; Answer = @{ Address = $null; Words = 'no reply' }; Pause = 500
    Transaction = Get-HomingRandomOctets 12; End = (Get-HomingTick) + $About.Detection.Settings.Timeout
  }
  $job.Due = $job.End
  $job.Step = {
    param($Job)
    $Job.Task = [Net.Dns]::GetHostAddressesAsync($Job.About.Source.Place.Name)
    $Job.Step = {
      param($Job)
      $wanted = if ($Job.About.Detection.Family -eq 'ipv4') { 'InterNetwork' } else { 'InterNetworkV6' }
      $address = @(if (-not $Job.Done.IsFaulted) { $Job.Done.Result | Where-Object { [string] $_.AddressFamily -eq $wanted } })
      if ($address.Count -eq 0) { $Job.Answer.Words = 'the name has no address of this family'; return }
      $Job.Udp = [Net.Sockets.UdpClient]::new($address[0].AddressFamily)
      $Job.Udp.Connect($address[0], $Job.About.Source.Place.Port)
      Send-HomingStun $Job
    }
  }
  $job.Late = { param($Job) if ($null -ne $Job.Udp -and (Get-HomingTick) -lt $Job.End) { Send-HomingStun $Job } }
  $job.Then = {
    param($Job)
    if ($null -ne $Job.Udp) { $Job.Udp.Close() }
    if ($null -ne $Job.Fault) { $Job.Answer.Words = $Job.Fault.Exception.GetBaseException().Message }
    Add-HomingAnswer $Job.About.Detection $Job.About.Source $Job.Answer
  }
  Start-HomingJob $Loop $job
}

function Send-HomingStun {
  param([hashtable] $Job)
  $request = New-HomingStunRequest $Job.Transaction
  [void] $Job.Udp.Send($request, $request.Length)
  $Job.Due = [Math]::Min($Job.End, (Get-HomingTick) + $Job.Pause)
  $Job.Pause *= 2
  # The receive of the first try goes on: a second one would race with it for the same reply.
  if (-not $Job.ContainsKey('Receiving') -or $null -eq $Job.Receiving) { $Job.Receiving = $Job.Udp.ReceiveAsync() }
  $Job.Task = $Job.Receiving
  $Job.Step = {
    param($Job)
    $Job.Receiving = $null
    if ($Job.Done.IsFaulted) { $Job.Answer.Words = (Get-HomingTaskError $Job.Done).Message; return }
    $address = Read-HomingStunReply $Job.Done.Result.Buffer $Job.Transaction
    if ($null -ne $address) {
      $Job.Answer = Test-HomingAnswer $Job.About.Detection.Family $address.ToString() $Job.About.Detection.Context.AllowPrivate
      return
    }
    $Job.Receiving = $Job.Udp.ReceiveAsync()
    $Job.Task = $Job.Receiving
  }
}
