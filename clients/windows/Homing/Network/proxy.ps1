# Which way a request goes (A-3.4): directly, or through an HTTP proxy of the configuration, the environment or Windows.

# The proxy for an address as Uri, or null for none. Throws where it is of a kind that is not spoken.
function Resolve-HomingProxy {
  param([string] $Setting, [uri] $Target)
  $proxy = $null
  if ($Setting -eq 'none' -or $Target.IsLoopback) { return $null }
  if ($Setting -ne 'system') { $proxy = $Setting }
  else {
    $proxy = Get-HomingEnvironment $(if ($Target.Scheme -eq 'https') { 'HTTPS_PROXY' } else { 'HTTP_PROXY' })
    if ($proxy) {
      if (Test-HomingProxyException (Get-HomingEnvironment 'NO_PROXY') $Target) { return $null }
    } elseif ($script:HomingPlatform.Windows) {
      $system = [Net.WebRequest]::GetSystemWebProxy()
      $found = $system.GetProxy($Target)
      if ($null -ne $found -and -not $system.IsBypassed($Target) -and $found -ne $Target) { $proxy = $found.AbsoluteUri }
    }
  }
  if (-not $proxy) { return $null }
  if ($proxy -notmatch '^[a-zA-Z][a-zA-Z0-9+.-]*://') { $proxy = "http://$proxy" }
  $uri = [uri] $proxy
  if ($uri.Scheme -ne 'http') { throw [NotSupportedException]::new("a proxy of the kind $($uri.Scheme) is not spoken, only http") }
  $uri
}

# A variable in upper or in lower case, as programs of Unix have it; '' where there is none.
function Get-HomingEnvironment {
  param([string] $Name)
  foreach ($form in $Name, $Name.ToLowerInvariant()) {
    $value = [Environment]::GetEnvironmentVariable($form)
    if ($value) { return $value }
  }
  ''
}

# NO_PROXY: '*', names with what is below them, and addresses, each with an optional port.
function Test-HomingProxyException {
  param([AllowEmptyString()] [string] $List, [uri] $Target)
  $name = $Target.DnsSafeHost.ToLowerInvariant()
  foreach ($entry in $List.ToLowerInvariant().Split([char[]] ', ', [StringSplitOptions]::RemoveEmptyEntries)) {
    if ($entry -eq '*') { return $true }
    $port = ''
    if ($entry -match '^(.*[^:]):([0-9]+)$' -and $entry -notmatch '::') { $entry = $Matches[1]; $port = $Matches[2] }
    if ($port -and $port -ne [string] $Target.Port) { continue }
    $entry = $entry.TrimStart('*', '.').Trim('[', ']')
    if ($entry -and ($name -eq $entry -or $name.EndsWith(".$entry", [StringComparison]::Ordinal))) { return $true }
  }
  $false
}
