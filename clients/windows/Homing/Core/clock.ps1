# Time and chance. Everything that waits or draws asks here, so that a week can be run in seconds.
# Elapsed time is monotonic, in milliseconds; wall time is UTC. Chance comes from the system's generator: 3,000 machines
# that boot in the same moment must not draw the same numbers, as those seeded with the time of day do.

$script:HomingChance = [Security.Cryptography.RandomNumberGenerator]::Create()

# The clock of the machine. A test replaces it with one of its own with the same members.
function New-HomingClock {
  @{
    UtcNow  = { [datetime]::UtcNow }
    Elapsed = { [Diagnostics.Stopwatch]::GetTimestamp() * 1000.0 / [Diagnostics.Stopwatch]::Frequency }
    # Since the machine started, in milliseconds: the counter behind Stopwatch starts with it.
    Uptime  = { [Diagnostics.Stopwatch]::GetTimestamp() * 1000.0 / [Diagnostics.Stopwatch]::Frequency }
    Idle    = { param($Milliseconds) [Threading.Thread]::Sleep([int] $Milliseconds) }
    Random  = { (Get-HomingRandomNumber) }
    # Nothing waits longer than this at a stretch, so that Ctrl-C and a request to stop are seen.
    Slice   = 400
  }
}

# Evenly from 0 (included) to 1 (not), with 48 bits.
function Get-HomingRandomNumber {
  $octets = [byte[]]::new(8)
  $script:HomingChance.GetBytes($octets)
  $octets[6] = 0
  $octets[7] = 0
  [BitConverter]::ToInt64($octets, 0) / 281474976710656.0
}

$script:HomingClock = New-HomingClock

# Wall time, UTC.
function Get-HomingTime { & $script:HomingClock.UtcNow }

# Monotonic milliseconds.
function Get-HomingElapsed { & $script:HomingClock.Elapsed }

# A number from 0 to the given one.
function Get-HomingChance {
  param([double] $Below)
  $Below * (& $script:HomingClock.Random)
}

# Milliseconds of the machine's own counter, for the time-outs of sockets: those run in real time in tests too.
function Get-HomingTick { [Diagnostics.Stopwatch]::GetTimestamp() * 1000.0 / [Diagnostics.Stopwatch]::Frequency }

# Octets of the system's generator.
function Get-HomingRandomOctets {
  param([int] $Count)
  $octets = [byte[]]::new($Count)
  $script:HomingChance.GetBytes($octets)
  , $octets
}

function Format-HomingTime {
  param([datetime] $Time)
  $Time.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", [cultureinfo]::InvariantCulture)
}

# ISO 8601 -> UTC, or null.
function ConvertFrom-HomingTime {
  param([AllowNull()] $Text)
  $time = [datetime]::MinValue
  $styles = [Globalization.DateTimeStyles]::AdjustToUniversal -bor [Globalization.DateTimeStyles]::AssumeUniversal
  if ($Text -is [string] -and [datetime]::TryParse($Text, [cultureinfo]::InvariantCulture, $styles, [ref] $time)) { return $time }
  $null
}

# '5m' -> 300000 milliseconds, or null where the text is not a number with ms, s, m, h or d.
function ConvertFrom-HomingDuration {
  param([AllowNull()] $Text)
  if ($Text -isnot [string] -or $Text -cnotmatch '^([0-9]{1,9})(ms|s|m|h|d)$') { return $null }
  $factor = @{ ms = 1.0; s = 1000.0; m = 60000.0; h = 3600000.0; d = 86400000.0 }[$Matches[2]]
  [double] $Matches[1] * $factor
}

# 300000 -> '5 min', for people.
function Format-HomingDuration {
  param([double] $Milliseconds)
  $seconds = $Milliseconds / 1000
  $pair = if ($seconds -lt 120) { $seconds, 's' } elseif ($seconds -lt 7200) { ($seconds / 60), 'min' } elseif ($seconds -lt 172800) { ($seconds / 3600), 'h' } else { ($seconds / 86400), 'd' }
  [string]::Format([cultureinfo]::InvariantCulture, '{0:0.#} {1}', $pair)
}
