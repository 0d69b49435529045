# The scheduled task, for machines where no service is wanted: one round at start-up, every five minutes, and when a
# network is connected (event 10000 of NetworkProfile).

$script:HomingTaskName = 'Homing Agent'

# The task as XML for the Task Scheduler (schema 1.2: Windows 7 and later). Runs as LocalService.
function New-HomingTaskXml {
  param([string] $PowerShell, [string] $Script, [string] $Path)
  $escape = { param($Text) [Security.SecurityElement]::Escape($Text) }
  $query = '<QueryList><Query Id="0" Path="Microsoft-Windows-NetworkProfile/Operational"><Select Path="Microsoft-Windows-NetworkProfile/Operational">*[System[EventID=10000]]</Select></Query></QueryList>'
  $arguments = '-NoProfile -NonInteractive -ExecutionPolicy Bypass -File "{0}" once{1}' -f $Script, (Format-HomingPathArgument $Path)
  @"
<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo><Author>Homing</Author><Description>Keeps the names of this machine right (Homing).</Description></RegistrationInfo>
  <Triggers>
    <BootTrigger><Enabled>true</Enabled><Delay>PT20S</Delay></BootTrigger>
    <TimeTrigger>
      <Repetition><Interval>PT5M</Interval><StopAtDurationEnd>false</StopAtDurationEnd></Repetition>
      <StartBoundary>2020-01-01T00:00:00</StartBoundary><Enabled>true</Enabled><RandomDelay>PT30S</RandomDelay>
    </TimeTrigger>
    <EventTrigger><Enabled>true</Enabled><Subscription>$(& $escape $query)</Subscription><Delay>PT3S</Delay></EventTrigger>
  </Triggers>
  <Principals><Principal id="Author"><UserId>S-1-5-19</UserId><RunLevel>LeastPrivilege</RunLevel></Principal></Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <StartWhenAvailable>true</StartWhenAvailable>
    <RunOnlyIfNetworkAvailable>false</RunOnlyIfNetworkAvailable>
    <AllowStartOnDemand>true</AllowStartOnDemand>
    <Enabled>true</Enabled>
    <Hidden>false</Hidden>
    <ExecutionTimeLimit>PT4M</ExecutionTimeLimit>
    <Priority>7</Priority>
  </Settings>
  <Actions Context="Author"><Exec><Command>$(& $escape $PowerShell)</Command><Arguments>$(& $escape $arguments)</Arguments></Exec></Actions>
</Task>
"@
}

# Runs a program of Windows to its end: @{ Code; Output }.
function Invoke-HomingProgram {
  param([string] $Program, [string] $Arguments)
  $start = [Diagnostics.ProcessStartInfo]::new($Program, $Arguments)
  $start.UseShellExecute = $false
  $start.RedirectStandardOutput = $true
  $start.RedirectStandardError = $true
  $start.CreateNoWindow = $true
  $process = [Diagnostics.Process]::Start($start)
  try {
    # Both at once: a program that fills the one while the other is read would wait for ever.
    $errors = $process.StandardError.ReadToEndAsync()
    $output = $process.StandardOutput.ReadToEnd()
    $process.WaitForExit()
    @{ Code = $process.ExitCode; Output = ($output + $errors.Result).Trim() }
  } finally { $process.Dispose() }
}

# As above; a program that fails is an error with its own words.
function Invoke-HomingStrictly {
  param([string] $Program, [string] $Arguments)
  $result = Invoke-HomingProgram $Program $Arguments
  if ($result.Code -ne 0) { throw [InvalidOperationException]::new("$([IO.Path]::GetFileName($Program)) ended with $($result.Code): $($result.Output)") }
}

# By its path: a bare name is looked for in the current folder first.
function Get-HomingScheduler {
  [IO.Path]::Combine([Environment]::SystemDirectory, 'schtasks.exe')
}

function Register-HomingTask {
  param([string] $Xml, [string] $Folder)
  $file = [IO.Path]::Combine($Folder, 'task.xml')
  [IO.File]::WriteAllText($file, $Xml, [Text.Encoding]::Unicode)
  try {
    Invoke-HomingStrictly (Get-HomingScheduler) "/Create /TN `"$($script:HomingTaskName)`" /XML `"$file`" /F"
    Invoke-HomingStrictly (Get-HomingScheduler) "/Run /TN `"$($script:HomingTaskName)`""
  } finally { [IO.File]::Delete($file) }
}

function Unregister-HomingTask {
  if ((Invoke-HomingProgram (Get-HomingScheduler) "/Query /TN `"$($script:HomingTaskName)`"").Code -ne 0) { return }
  [void] (Invoke-HomingProgram (Get-HomingScheduler) "/End /TN `"$($script:HomingTaskName)`"")
  Invoke-HomingStrictly (Get-HomingScheduler) "/Delete /TN `"$($script:HomingTaskName)`" /F"
}
