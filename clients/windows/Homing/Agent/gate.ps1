# How long to wait (A-4.3), and who may send to a server (A-4.5, A-4.6): at most four at once; after five failures in a
# row one host tries for all.

# random(0, min(30 min, 30 s * 2^n)), at least 1 s; n from 0.
function Get-HomingBackOff {
  param([int] $Attempt)
  $step = [Math]::Min(1800000.0, 30000.0 * [Math]::Pow(2, [Math]::Min($Attempt, 16)))
  [Math]::Max(1000.0, [Math]::Round((Get-HomingChance $step)))
}

# The interval, moved by up to jitter of it either way (A-2.1).
function Get-HomingRoundDelay {
  param([double] $Interval, [double] $Jitter)
  [Math]::Round($Interval * (1 + $Jitter * ((Get-HomingChance 2) - 1)))
}

# ProbeAt: elapsed time at which one host may try; null while the circuit is closed.
function New-HomingGate {
  @{ Failures = 0; ProbeAt = $null; Prober = $null; Running = @{} }
}

# Whether this host may send now: 'go', 'queue' behind the four that do, or 'hold' until the circuit closes.
function Test-HomingGate {
  param([hashtable] $Gate, [string] $Key, [double] $Now)
  if ($null -ne $Gate.ProbeAt) {
    if ($null -eq $Gate.Prober -and $Now -ge $Gate.ProbeAt) { $Gate.Prober = $Key }
    if ($Gate.Prober -cne $Key) { return 'hold' }
  }
  if ($Gate.Running.Count -ge 4) { return 'queue' }
  $Gate.Running[$Key] = $true
  'go'
}

# The server works. True where that closed the circuit.
function Close-HomingGate {
  param([hashtable] $Gate, [string] $Key)
  [void] $Gate.Running.Remove($Key)
  $closed = $null -ne $Gate.ProbeAt
  $Gate.Prober = $null
  $Gate.ProbeAt = $null
  $Gate.Failures = 0
  $closed
}

# A request failed. True where the circuit is open now.
function Add-HomingFailure {
  param([hashtable] $Gate, [string] $Key, [double] $Now)
  # A request that began before the circuit opened tells nothing new.
  $stale = $null -ne $Gate.ProbeAt -and $Gate.Prober -cne $Key
  [void] $Gate.Running.Remove($Key)
  if ($stale) { return $true }
  $Gate.Prober = $null
  $Gate.Failures++
  if ($Gate.Failures -lt 5) { return $false }
  $Gate.ProbeAt = $Now + (Get-HomingBackOff ($Gate.Failures - 1))
  $true
}
