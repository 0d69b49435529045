# Which text is an address, and which address may be published (A-1.4, A-1.5; IANA special-purpose registries).

$script:HomingSpecialRanges = @(
  @('this network', '0.0.0.0', 8), @('private', '10.0.0.0', 8), @('shared', '100.64.0.0', 10), @('loopback', '127.0.0.0', 8),
  @('link-local', '169.254.0.0', 16), @('private', '172.16.0.0', 12), @('protocol assignments', '192.0.0.0', 24),
  @('documentation', '192.0.2.0', 24), @('private', '192.168.0.0', 16), @('benchmarking', '198.18.0.0', 15),
  @('documentation', '198.51.100.0', 24), @('documentation', '203.0.113.0', 24), @('multicast', '224.0.0.0', 4),
  @('reserved', '240.0.0.0', 4), @('documentation', '2001:db8::', 32), @('documentation', '3fff::', 20),
  @('protocol assignments', '2001::', 23), @('6to4', '2002::', 16), @('unique local', 'fc00::', 7), @('link-local', 'fe80::', 10),
  @('multicast', 'ff00::', 8), @('unspecified', '::', 128), @('loopback', '::1', 128)
)

# Text -> IPAddress of the family, or null. No zone id, no brackets, no leading zeros, no short forms of IPv4.
function ConvertTo-HomingAddress {
  param([AllowNull()] [AllowEmptyString()] [string] $Text, [string] $Family)
  $number = '(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])'
  $four = "$number(?:\.$number){3}"
  $address = $null
  if ($Family -ne 'ipv6' -and $Text -match "\A$four\z") { return [Net.IPAddress]::Parse($Text) }
  if ($Family -ne 'ipv4' -and $Text -match "\A[0-9A-Fa-f:]*:(?:[0-9A-Fa-f]*|$four)\z" -and
    [Net.IPAddress]::TryParse($Text, [ref] $address) -and $address.AddressFamily -eq 'InterNetworkV6') { return $address }
  $null
}

# What kind of address it is; 'global' where the whole Internet can reach it.
function Get-HomingAddressKind {
  param([Net.IPAddress] $Address)
  $octets = $Address.GetAddressBytes()
  foreach ($range in $script:HomingSpecialRanges) {
    if (Test-HomingPrefix $octets ([Net.IPAddress]::Parse($range[1]).GetAddressBytes()) $range[2]) { return $range[0] }
  }
  if ($octets.Length -eq 16 -and ($octets[0] -band 0xE0) -ne 0x20) { return 'reserved' }
  'global'
}

function Test-HomingPrefix {
  param([byte[]] $Octets, [byte[]] $Prefix, [int] $Length)
  if ($Octets.Length -ne $Prefix.Length) { return $false }
  for ($i = 0; $Length -gt 0; $i++) {
    $mask = if ($Length -ge 8) { 255 } else { (0xFF00 -shr $Length) -band 255 }
    if (($Octets[$i] -band $mask) -ne $Prefix[$i]) { return $false }
    $Length -= 8
  }
  $true
}

# What an HTTP source said -> @{ Address; Words }: one of them is null. The body as octets (A-1.4, A-1.5).
function Resolve-HomingAnswer {
  param([string] $Family, [int] $Status, [byte[]] $Body, [bool] $Cut, [bool] $AllowPrivate)
  if ($Status -ne 200) { return @{ Address = $null; Words = "status $Status" } }
  if ($Cut -or $Body.Length -gt 1024) { return @{ Address = $null; Words = 'an answer of more than 1,024 octets' } }
  $text = [Text.Encoding]::UTF8.GetString($Body).Trim(' ', "`t", "`r", "`n")
  if ($text.StartsWith('{')) {
    try { $json = ConvertFrom-HomingJson $text } catch { return @{ Address = $null; Words = 'JSON that cannot be read' } }
    if ($json.Count -ne 1 -or $json['ip'] -isnot [string]) { return @{ Address = $null; Words = 'JSON with more than an address in ip' } }
    $text = $json['ip']
  }
  Test-HomingAnswer $Family $text $AllowPrivate
}

# One text that should be an address -> @{ Address; Words }.
function Test-HomingAnswer {
  param([string] $Family, [AllowEmptyString()] [string] $Text, [bool] $AllowPrivate)
  $address = ConvertTo-HomingAddress $Text $Family
  if ($null -eq $address) {
    $other = if ($null -ne (ConvertTo-HomingAddress $Text '')) { 'an address of the other family' } else { 'no address' }
    return @{ Address = $null; Words = $other }
  }
  $kind = Get-HomingAddressKind $address
  $never = 'unspecified', 'multicast', 'this network'
  if ($kind -ne 'global' -and (-not $AllowPrivate -or $never -contains $kind)) {
    return @{ Address = $null; Words = "$address, which is not reachable from everywhere ($kind)" }
  }
  @{ Address = $address.ToString(); Words = $null }
}
