# The addresses of this machine's interfaces, and which of them is stable (A-1.6).

# Every unicast address: @{ Interface; Address; Temporary; Deprecated; Tentative; Preferred; Gateway }. Temporary is null
# where the system does not say; Preferred is the preferred lifetime in seconds.
function Get-HomingInterfaceEntry {
  $flags = Get-HomingAddressFlag
  foreach ($interface in [Net.NetworkInformation.NetworkInterface]::GetAllNetworkInterfaces()) {
    if ($interface.OperationalStatus -eq 'Down') { continue }
    $properties = $interface.GetIPProperties()
    $gateway = @($properties.GatewayAddresses | Where-Object { -not [Net.IPAddress]::Any.Equals($_.Address) }).Count -gt 0
    foreach ($unicast in $properties.UnicastAddresses) {
      $entry = @{ Interface = $interface.Name; Address = $unicast.Address; Temporary = $null; Deprecated = $false; Tentative = $false; Preferred = [double]::PositiveInfinity; Gateway = $gateway }
      if ($script:HomingPlatform.Windows) {
        $entry.Temporary = [string] $unicast.SuffixOrigin -eq 'Random'
        $entry.Deprecated = [string] $unicast.DuplicateAddressDetectionState -eq 'Deprecated' -or $unicast.AddressPreferredLifetime -eq 0
        $entry.Tentative = @('Tentative', 'Duplicate', 'Invalid') -contains [string] $unicast.DuplicateAddressDetectionState
        if ($unicast.AddressPreferredLifetime -lt [uint32]::MaxValue) { $entry.Preferred = [double] $unicast.AddressPreferredLifetime }
      } elseif ($null -ne $flags) {
        # 0x01 temporary, 0x08 duplicate, 0x20 deprecated, 0x40 tentative (linux/if_addr.h).
        $bits = [int] $flags[([BitConverter]::ToString($unicast.Address.GetAddressBytes()) -replace '-', '').ToLowerInvariant()]
        $entry.Temporary = ($bits -band 0x01) -ne 0
        $entry.Deprecated = ($bits -band 0x20) -ne 0
        $entry.Tentative = ($bits -band 0x48) -ne 0
      }
      $entry
    }
  }
}

# Linux: the flags of each IPv6 address by its 32 hex digits; null on other systems.
function Get-HomingAddressFlag {
  if ($script:HomingPlatform.Windows -or -not [IO.File]::Exists('/proc/net/if_inet6')) { return $null }
  $flags = @{}
  foreach ($line in [IO.File]::ReadAllLines('/proc/net/if_inet6')) {
    $parts = $line -split ' +'
    $flags[$parts[0]] = [Convert]::ToInt32($parts[4], 16)
  }
  $flags
}

# What changes when the machine's addresses change: one text for all of them.
function Get-HomingInterfaceMark {
  $all = foreach ($interface in [Net.NetworkInformation.NetworkInterface]::GetAllNetworkInterfaces()) {
    if ($interface.OperationalStatus -eq 'Down') { continue }
    foreach ($unicast in $interface.GetIPProperties().UnicastAddresses) { "$($interface.Name) $($unicast.Address)" }
  }
  $sorted = [string[]] @($all)
  [Array]::Sort($sorted, [StringComparer]::Ordinal)
  [string]::Join("`n", $sorted)
}

# The answer of an interface source: @{ Address; Words }.
function Get-HomingInterfaceAnswer {
  param([string] $Family, [AllowEmptyString()] [string] $Name, [hashtable] $Context)
  try { $entries = @(Get-HomingInterfaceEntry) } catch { return @{ Address = $null; Words = $_.Exception.GetBaseException().Message } }
  Select-HomingInterfaceAddress $Family $Name $entries $Context
}

function Select-HomingInterfaceAddress {
  param([string] $Family, [AllowEmptyString()] [string] $Name, [hashtable[]] $Entries, [hashtable] $Context)
  $wanted = if ($Family -eq 'ipv4') { 'InterNetwork' } else { 'InterNetworkV6' }
  $named = @($Entries | Where-Object { [string] $_.Address.AddressFamily -eq $wanted -and (-not $Name -or $_.Interface -eq $Name) })
  $usable = @($named | Where-Object {
      -not $_.Deprecated -and -not $_.Tentative -and $_.Temporary -ne $true -and
      $null -ne (Test-HomingAnswer $Family $_.Address.ToString().Split('%')[0] $Context.AllowPrivate).Address
    })
  if ($usable.Count -eq 0) {
    $words = if ($named.Count -eq 0) { 'no address of this family' } else { 'no stable address that is reachable from everywhere' }
    return @{ Address = $null; Words = $words }
  }
  $best = $usable[0]
  foreach ($entry in $usable) { if ((Compare-HomingInterfaceAddress $entry $best $Context.Previous) -lt 0) { $best = $entry } }
  @{ Address = $best.Address.ToString().Split('%')[0]; Words = $null }
}

# Negative where the first is the better one. Not from a link that is local to this machine while there is another.
function Compare-HomingInterfaceAddress {
  param([hashtable] $A, [hashtable] $B, [AllowNull()] $Previous)
  $rank = {
    param($Entry)
    $octets = $Entry.Address.GetAddressBytes()
    $stable = $null -ne $Entry.Temporary -or $Entry.Address.ToString() -eq $Previous -or ($octets.Length -eq 16 -and $octets[11] -eq 0xFF -and $octets[12] -eq 0xFE)
    $kind = Get-HomingAddressKind $Entry.Address
    @($(if ($kind -eq 'global') { 0.0 } elseif ($kind -eq 'link-local' -or $kind -eq 'loopback') { 2.0 } else { 1.0 }), $(if ($stable) { 0.0 } else { 1.0 }), (- $Entry.Preferred), $(if ($Entry.Gateway) { 0.0 } else { 1.0 }))
  }
  $left = & $rank $A
  $right = & $rank $B
  for ($i = 0; $i -lt $left.Count; $i++) { if ($left[$i] -ne $right[$i]) { return $left[$i].CompareTo($right[$i]) } }
  [string]::CompareOrdinal([BitConverter]::ToString($A.Address.GetAddressBytes()), [BitConverter]::ToString($B.Address.GetAddressBytes()))
}
