# Enrolment: a one-time code is exchanged for a host and a token of its own (A-10).

# Asks the server: @{ Host; User; Token; Words }; Words say what is wrong where Host is null. A reply that is lost is
# asked for again with the same code: the server knows the machine (A-10.2); a server that is busy, when it says, and a
# little later (A-10.3). The code is kept nowhere.
function Invoke-HomingEnrolment {
  param([uri] $Server, [hashtable] $Trust, [hashtable] $Machine)
  $body = New-HomingDictionary
  foreach ($key in 'code', 'name', 'serial') { if ($Machine[$key]) { $body[$key] = [string] $Machine[$key] } }
  $octets = [Text.Encoding]::ASCII.GetBytes((ConvertTo-HomingJson $body))
  $headers = [ordered] @{ 'User-Agent' = Get-HomingUserAgent; 'Accept' = 'application/json'; 'Content-Type' = 'application/json' }
  $loop = New-HomingLoop
  $reply = $null
  foreach ($try in 1..3) {
    $request = New-HomingRequest ([uri]::new($Server, '/enroll')) @{ Method = 'POST'; Headers = $headers; Body = $octets; Trust = $Trust; Limit = 16384 }
    $job = Start-HomingExchange $loop $request $null @{}
    Wait-HomingJob $loop @($job)
    $reply = Get-HomingReply $job
    $wait = if (@('network', 'timeout') -contains $reply.Code) { 1000.0 } elseif ($null -eq $reply.Code -and $reply.Status -eq 503) { Get-HomingBusyWait $reply } else { $null }
    if ($null -eq $wait -or $try -eq 3) { break }
    & $script:HomingClock.Idle ($wait + (Get-HomingChance ([Math]::Max(2000, $wait))))
  }
  Clear-HomingConnection $loop
  Read-HomingEnrolment $reply
}

# How long a busy server asks to be left alone, in milliseconds: at most a minute, as somebody waits for the installer.
function Get-HomingBusyWait {
  param([hashtable] $Reply)
  $told = ConvertFrom-HomingRetryAfter ([string] $Reply.Headers['retry-after']) (Get-HomingTime)
  if ($null -eq $told) { 5000.0 } else { [Math]::Min($told, 60000.0) }
}

function Read-HomingEnrolment {
  param([hashtable] $Reply)
  $result = @{ Host = $null; User = ''; Token = $null; Words = $Reply.Words }
  if ($null -ne $Reply.Code) { return $result }
  $json = $null
  try { $json = ConvertFrom-HomingJson ([Text.Encoding]::UTF8.GetString($Reply.Body)) } catch { $json = $null <# Not from an enrolling server; the words below say so. #> }
  $object = $json -is [Collections.IDictionary]
  if ($Reply.Status -eq 201 -and $object -and $json['host'] -is [string] -and $json['token'] -is [string]) {
    $result.Host = $json['host']
    $result.Token = $json['token']
    if ($json['user'] -is [string]) { $result.User = $json['user'] }
    return $result
  }
  $result.Words = if ($object -and $json['message'] -is [string]) { $json['message'] } else { "The server answered with status $($Reply.Status), which is not that of an enrolling server. Perhaps its address is wrong." }
  $result
}

# What this machine is called, and its serial number: of the BIOS on Windows, of the board or the installation on Linux.
function Get-HomingMachine {
  $machine = @{ name = [Environment]::MachineName.ToLowerInvariant(); serial = '' }
  if ($script:HomingPlatform.Windows) { $machine.serial = Get-HomingBiosSerial; return $machine }
  foreach ($file in '/sys/class/dmi/id/product_serial', '/etc/machine-id') {
    # The first is for root alone on most systems.
    try { if ([IO.File]::Exists($file)) { $machine.serial = [IO.File]::ReadAllText($file).Trim() } } catch { continue }
    if ($machine.serial) { break }
  }
  $machine
}
