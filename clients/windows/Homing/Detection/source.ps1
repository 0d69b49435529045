# One way to learn an address (A-1.3): the server, an HTTP service, STUN, an interface, a command.

# Text of the configuration -> @{ Kind; Text; ... }, or a text that says what is wrong.
function ConvertTo-HomingSource {
  param([AllowNull()] $Text)
  if ($Text -isnot [string]) { return 'a source is a text' }
  $source = @{ Kind = $Text; Text = $Text }
  switch -Regex -CaseSensitive ($Text) {
    '^server$' { return $source }
    '^interface$' { $source.Name = ''; return $source }
    '^interface:(.+)$' { $source.Kind = 'interface'; $source.Name = $Matches[1]; return $source }
    '^stun:(.+)$' {
      $place = Split-HomingPlace $Matches[1] 3478
      if ($null -eq $place) { return "'$($Matches[1])' is no name with a port" }
      $source.Kind = 'stun'
      $source.Place = $place
      return $source
    }
    '^command:(.+)$' {
      if ($Matches[1].Trim() -notmatch '^(?:"([^"]+)"|(\S+))\s*(.*)$') { return 'a command needs a program' }
      $source.Kind = 'command'
      $source.Program = if ($Matches.ContainsKey(1)) { $Matches[1] } else { $Matches[2] }
      $source.Arguments = $Matches[3]
      return $source
    }
    '^https?://' {
      $uri = $null
      if (-not [uri]::TryCreate($Text, [UriKind]::Absolute, [ref] $uri) -or $uri.UserInfo) { return "'$Text' is no address of a service" }
      $source.Kind = 'http'
      $source.Uri = $uri
      return $source
    }
  }
  "'$Text' is none of server, stun:NAME, interface, interface:NAME, command:PROGRAM, https://..."
}

# Asks one source; its answer goes to Add-HomingAnswer.
function Start-HomingSource {
  param([hashtable] $Detection, [hashtable] $Source)
  $about = @{ Detection = $Detection; Source = $Source }
  switch ($Source.Kind) {
    'interface' { Add-HomingAnswer $Detection $Source (Get-HomingInterfaceAnswer $Detection.Family $Source.Name $Detection.Context) }
    'stun' { Start-HomingStun $Detection.Loop $about }
    'command' { Start-HomingCommand $Detection.Loop $about }
    default {
      $server = $Detection.Context.Server
      $uri = if ($Source.Kind -eq 'server') { [uri]::new($server.Url, '/ip') } else { $Source.Uri }
      $members = @{ Family = $Detection.Family; Limit = 1024; Timeout = $Detection.Settings.Timeout; ConnectTimeout = $Detection.Settings.Timeout }
      $members.Headers = [ordered] @{ 'User-Agent' = Get-HomingUserAgent; Accept = 'text/plain, application/json' }
      if ($null -ne $server) {
        $members.Proxy = $server.Proxy
        if ($Source.Kind -eq 'server') { $members.Trust = $server.Trust }
      }
      $then = {
        param($Job)
        $reply = Get-HomingReply $Job
        $detection = $Job.About.Detection
        $answer = if ($null -ne $reply.Code) { @{ Address = $null; Words = $reply.Words; Unreachable = $true } }
        else { Resolve-HomingAnswer $detection.Family $reply.Status $reply.Body $reply.Cut $detection.Context.AllowPrivate }
        Add-HomingAnswer $detection $Job.About.Source $answer
      }
      [void] (Start-HomingExchange $Detection.Loop (New-HomingRequest $uri $members) $then $about)
    }
  }
}

# The first line of a program's output, if it ends with 0. The program is ended with the time-out.
function Start-HomingCommand {
  param([hashtable] $Loop, [hashtable] $About)
  $job = @{ About = $About; Words = 'no address'; Address = $null; Process = $null; Line = $null }
  $job.Due = (Get-HomingTick) + $About.Detection.Settings.Timeout
  $job.Step = {
    param($Job)
    $start = [Diagnostics.ProcessStartInfo]::new($Job.About.Source.Program, $Job.About.Source.Arguments)
    $start.UseShellExecute = $false
    $start.RedirectStandardOutput = $true
    $start.RedirectStandardInput = $true
    $start.CreateNoWindow = $true
    $Job.Process = [Diagnostics.Process]::Start($start)
    $Job.Process.StandardInput.Close()
    $Job.Task = $Job.Process.StandardOutput.ReadLineAsync()
    $Job.Step = {
      param($Job)
      $Job.Line = [string] $Job.Done.Result
      # The rest is read so that a program that says more is not held up, and so that its end is seen.
      $Job.Task = $Job.Process.StandardOutput.BaseStream.CopyToAsync([IO.Stream]::Null)
      $Job.Step = { param($Job) Wait-HomingCommand $Job }
    }
  }
  $job.Late = { param($Job) $Job.Words = 'the command took too long' }
  $job.Then = {
    param($Job)
    if ($null -ne $Job.Fault) { $Job.Words = "the command failed: $($Job.Fault.Exception.GetBaseException().Message)" }
    if ($null -ne $Job.Process) {
      # It may have ended in this moment.
      try { if (-not $Job.Process.HasExited) { $Job.Process.Kill() } } catch { $Job.Words = 'the command could not be ended' }
      $Job.Process.Dispose()
    }
    $detection = $Job.About.Detection
    $answer = if ($null -ne $Job.Address) { Test-HomingAnswer $detection.Family $Job.Address $detection.Context.AllowPrivate } else { @{ Address = $null; Words = $Job.Words } }
    Add-HomingAnswer $detection $Job.About.Source $answer
  }
  Start-HomingJob $Loop $job
}

function Wait-HomingCommand {
  param([hashtable] $Job)
  if (-not $Job.Process.WaitForExit(0)) { $Job.Wake = (Get-HomingTick) + 20; return }
  if ($Job.Process.ExitCode -ne 0) { $Job.Words = "the command ended with $($Job.Process.ExitCode)"; return }
  $Job.Address = $Job.Line.Trim()
}
