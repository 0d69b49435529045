# The place of the only agent where Windows is not (A-7.3): sockets in the folder of the state, each with a name that is
# used once. Who starts makes one first and looks for others then, so that of two at least one sees the other.

# A socket for a path, and its end point. The .NET Framework, which Windows alone has, lacks the type of the latter.
function New-HomingPlaceSocket {
  param([string] $Path)
  $type = [Type]::GetType('System.Net.Sockets.UnixDomainSocketEndPoint, System.Net.Sockets')
  @{
    Socket = [Net.Sockets.Socket]::new([Net.Sockets.AddressFamily]::Unix, [Net.Sockets.SocketType]::Stream, [Net.Sockets.ProtocolType]::Unspecified)
    EndPoint = [Activator]::CreateInstance($type, [object[]] @($Path))
  }
}

# Whether the process of a socket lives; throws UnauthorizedAccessException where one may not ask.
function Test-HomingSocket {
  param([string] $Path)
  $made = New-HomingPlaceSocket $Path
  try {
    # Too many who ask at once must not make this one wait.
    $made.Socket.Blocking = $false
    $made.Socket.Connect($made.EndPoint)
    $true
  } catch [Net.Sockets.SocketException] {
    $fault = $_.Exception.GetBaseException().SocketErrorCode
    if ($fault -eq [Net.Sockets.SocketError]::WouldBlock) { return $true }
    if ($fault -eq [Net.Sockets.SocketError]::AccessDenied) { throw [UnauthorizedAccessException]::new("$Path cannot be asked whether an agent runs") }
    if ($fault -ne [Net.Sockets.SocketError]::ConnectionRefused -and [IO.File]::Exists($Path)) { throw }
    $false
  } finally { $made.Socket.Dispose() }
}

# All that have or want the place: @{ Name; Process; Holds }. What is left of processes that are gone is removed.
function Find-HomingSocket {
  param([string] $Folder)
  foreach ($file in [IO.Directory]::GetFiles($Folder, 'agent.lock.*')) {
    $name = [IO.Path]::GetFileName($file)
    if ($name -cnotmatch '^agent\.lock\.[0-9a-f]{16}\.(\d+)$') { continue }
    $number = $Matches[1]
    if (Test-HomingSocket $file) { @{ Name = $name; Process = $number; Holds = [IO.File]::Exists("$file.held") } }
    else { Remove-HomingSocket $file }
  }
}

function Remove-HomingSocket {
  param([string] $File)
  [IO.File]::Delete("$File.held")
  [IO.File]::Delete($File)
}

function Enter-HomingSocketPlace {
  param([string] $Folder)
  $holder = @(Find-HomingSocket $Folder | Where-Object { $_.Holds })
  if ($holder.Count -gt 0) { return @{ Held = $false; Process = $holder[0].Process } }
  $name = "agent.lock.$([Guid]::NewGuid().ToString('N').Substring(16)).$([Diagnostics.Process]::GetCurrentProcess().Id)"
  $file = [IO.Path]::Combine($Folder, $name)
  $made = New-HomingPlaceSocket "$file.new"
  $socket = $made.Socket
  $placed = $false
  try {
    try { $socket.Bind($made.EndPoint) } catch [Net.Sockets.SocketException] {
      if ($_.Exception.GetBaseException().SocketErrorCode -eq [Net.Sockets.SocketError]::AccessDenied) { throw [UnauthorizedAccessException]::new('access is denied') }
      throw
    }
    # It is not answered: that there is somebody to connect to is the answer.
    $socket.Listen(128)
    [IO.File]::Move("$file.new", $file)
    for ($i = 0; ; $i++) {
      $others = @(Find-HomingSocket $Folder | Where-Object { $_.Name -cne $name })
      if ($others.Count -eq 0) { break }
      # Of those that try, the first by name goes on; it waits for the others, one of which may have it already.
      $before = @($others | Where-Object { $_.Holds -or [string]::CompareOrdinal($_.Name, $name) -lt 0 })
      if ($before.Count -gt 0 -or $i -ge 250) { return @{ Held = $false; Process = @($before + $others)[0].Process } }
      [Threading.Thread]::Sleep(20)
    }
    [IO.File]::WriteAllText("$file.held", '')
    $placed = $true
    @{ Held = $true; Process = $null; Socket = $socket; Stream = $null; File = $file }
  } finally {
    if (-not $placed) {
      Remove-HomingSocket $file
      $socket.Dispose()
    }
  }
}
