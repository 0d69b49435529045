# TLS over SslStream: 1.2 or later, names and certificates verified, one root more where the configuration names it (A-3.3).
#
# A script block as validation callback runs on a foreign thread, where Windows PowerShell 5.1 has no runspace and dies.
# So the callback is compiled from an expression tree: it lets an unknown root pass only if a chain to the configured
# roots can be built, and this thread compares the root, octet by octet, before anything is sent.

# PEM file -> X509Certificate2[]; throws where there is none in it.
function Read-HomingCertificate {
  param([string] $Path)
  $text = [IO.File]::ReadAllText($Path)
  $blocks = [regex]::Matches($text, '-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----')
  if ($blocks.Count -eq 0) { throw [FormatException]::new("$Path holds no certificate in PEM") }
  $found = foreach ($block in $blocks) {
    [Security.Cryptography.X509Certificates.X509Certificate2]::new([Convert]::FromBase64String(($block.Groups[1].Value -replace '\s', '')))
  }
  , [Security.Cryptography.X509Certificates.X509Certificate2[]] @($found)
}

# A certificate with its key from two PEM files (PKCS #8 or PKCS #1, RSA). Needs .NET Framework 4.7.2 or .NET.
function Read-HomingClientCertificate {
  param([string] $CertificatePath, [string] $KeyPath)
  $certificate = (Read-HomingCertificate $CertificatePath)[0]
  $key = [IO.File]::ReadAllText($KeyPath)
  if ($key -notmatch '-----BEGIN (RSA )?PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END') { throw [FormatException]::new("$KeyPath holds no RSA key in PEM without a passphrase") }
  $der = [Convert]::FromBase64String(($Matches[2] -replace '\s', ''))
  $parameters = ConvertFrom-HomingRsaKey $der
  $rsa = [Security.Cryptography.RSA]::Create()
  $rsa.ImportParameters($parameters)
  $paired = [Security.Cryptography.X509Certificates.RSACertificateExtensions]::CopyWithPrivateKey($certificate, $rsa)
  # Windows presents only certificates whose key a provider holds: through PKCS #12 and back it has one.
  [Security.Cryptography.X509Certificates.X509Certificate2]::new($paired.Export([Security.Cryptography.X509Certificates.X509ContentType]::Pfx))
}

# DER of PKCS #8 or PKCS #1 -> RSAParameters.
function ConvertFrom-HomingRsaKey {
  param([byte[]] $Der)
  $at = @{ At = 0 }
  [void] (Read-HomingDer $Der $at 0x30 $false)
  [void] (Read-HomingDer $Der $at 0x02 $true)
  if ($Der[$at.At] -eq 0x30) {
    [void] (Read-HomingDer $Der $at 0x30 $true)
    [void] (Read-HomingDer $Der $at 0x04 $false)
    [void] (Read-HomingDer $Der $at 0x30 $false)
    [void] (Read-HomingDer $Der $at 0x02 $true)
  }
  $numbers = foreach ($i in 1..8) { , (Read-HomingDer $Der $at 0x02 $true) }
  $size = $numbers[0].Length
  $half = [int] [Math]::Ceiling($size / 2)
  $parameters = [Security.Cryptography.RSAParameters]::new()
  $parameters.Modulus = $numbers[0]
  $parameters.Exponent = $numbers[1]
  $parameters.D = Expand-HomingNumber $numbers[2] $size
  $parameters.P = Expand-HomingNumber $numbers[3] $half
  $parameters.Q = Expand-HomingNumber $numbers[4] $half
  $parameters.DP = Expand-HomingNumber $numbers[5] $half
  $parameters.DQ = Expand-HomingNumber $numbers[6] $half
  $parameters.InverseQ = Expand-HomingNumber $numbers[7] $half
  $parameters
}

function Read-HomingDer {
  param([byte[]] $Der, [hashtable] $At, [int] $Tag, [bool] $Content)
  if ($Der[$At.At] -ne $Tag) { throw [FormatException]::new('not an RSA key') }
  $length = [int] $Der[$At.At + 1]
  $At.At += 2
  if ($length -ge 0x80) {
    $count = $length -band 0x7F
    $length = 0
    for ($i = 0; $i -lt $count; $i++) { $length = $length * 256 + $Der[$At.At + $i] }
    $At.At += $count
  }
  if (-not $Content) { return }
  $start = $At.At
  $At.At += $length
  if ($Tag -eq 0x02 -and $length -gt 1 -and $Der[$start] -eq 0) { $start++; $length-- }
  $value = [byte[]]::new($length)
  [Array]::Copy($Der, $start, $value, 0, $length)
  , $value
}

function Expand-HomingNumber {
  param([byte[]] $Octets, [int] $Length)
  $wide = [byte[]]::new($Length)
  [Array]::Copy($Octets, 0, $wide, $Length - $Octets.Length, $Octets.Length)
  , $wide
}

# The versions to offer. On Windows before 11 and Server 2022 SChannel has no 1.3 for clients and refuses to be asked for it.
function Get-HomingTlsVersion {
  $versions = [int] [Security.Authentication.SslProtocols]::Tls12
  $newer = 12288
  $modern = -not $script:HomingPlatform.Windows -or [Environment]::OSVersion.Version.Build -ge 20348
  if ($modern -and $PSVersionTable.PSVersion.Major -ge 7) { $versions = $versions -bor $newer }
  [Security.Authentication.SslProtocols] $versions
}

# Starts TLS on a stream. Returns @{ Stream; Task; Chain; Roots }; once the task ended, Test-HomingTls must be asked.
function Start-HomingTls {
  param([IO.Stream] $Inner, [string] $Name, [hashtable] $Trust)
  $tls = @{ Stream = $null; Task = $null; Chain = $null; Roots = $Trust.Roots }
  if ($Trust.Roots.Count -gt 0) {
    $tls.Chain = New-HomingChain $Trust.Roots
    $tls.Stream = [Net.Security.SslStream]::new($Inner, $false, (New-HomingValidation $tls.Chain))
  } else {
    $tls.Stream = [Net.Security.SslStream]::new($Inner, $false)
  }
  $presented = [Security.Cryptography.X509Certificates.X509CertificateCollection]::new()
  if ($null -ne $Trust.Certificate) { [void] $presented.Add($Trust.Certificate) }
  $tls.Task = $tls.Stream.AuthenticateAsClientAsync($Name, $presented, (Get-HomingTlsVersion), $false)
  $tls
}

function New-HomingChain {
  param([Security.Cryptography.X509Certificates.X509Certificate2[]] $Roots)
  $chain = [Security.Cryptography.X509Certificates.X509Chain]::new()
  $chain.ChainPolicy.RevocationMode = 'NoCheck'
  $chain.ChainPolicy.VerificationFlags = 'AllowUnknownCertificateAuthority'
  foreach ($root in $Roots) { [void] $chain.ChainPolicy.ExtraStore.Add($root) }
  $chain
}

# (sender, certificate, chain, errors) => errors == None || (errors == ChainErrors && ours.Build(certificate)), with what
# the server sent along put into our chain first.
function New-HomingValidation {
  param([Security.Cryptography.X509Certificates.X509Chain] $Ours)
  $e = [Linq.Expressions.Expression]
  $certificates = 'System.Security.Cryptography.X509Certificates'
  $parameters = [Linq.Expressions.ParameterExpression[]] @(
    $e::Parameter([object], 'sender'), $e::Parameter([type] "$certificates.X509Certificate", 'certificate'),
    $e::Parameter([type] "$certificates.X509Chain", 'chain'), $e::Parameter([Net.Security.SslPolicyErrors], 'errors'))
  $store = { param($Of) $e::Property($e::Property($Of, 'ChainPolicy'), 'ExtraStore') }
  $add = ([type] "$certificates.X509Certificate2Collection").GetMethod('AddRange', [type[]] @([type] "$certificates.X509Certificate2Collection"))
  $build = ([type] "$certificates.X509Chain").GetMethod('Build', [type[]] @([type] "$certificates.X509Certificate2"))
  $make = ([type] "$certificates.X509Certificate2").GetConstructor([type[]] @([type] "$certificates.X509Certificate"))
  $constant = $e::Constant($Ours)
  # Called by reflection: to PowerShell, ::New on a type is its constructor.
  $new = $e.GetMethod('New', [type[]] @([Reflection.ConstructorInfo], [Linq.Expressions.Expression[]]))
  $copied = $new.Invoke($null, [object[]] @($make, [Linq.Expressions.Expression[]] @($parameters[1])))
  $verify = $e::Block([Linq.Expressions.Expression[]] @(
      $e::Call((& $store $constant), $add, [Linq.Expressions.Expression[]] @((& $store $parameters[2]))),
      $e::Call($constant, $build, [Linq.Expressions.Expression[]] @($copied))))
  $clean = $e::Equal($parameters[3], $e::Constant([Net.Security.SslPolicyErrors]::None))
  $chainOnly = $e::Equal($parameters[3], $e::Constant([Net.Security.SslPolicyErrors]::RemoteCertificateChainErrors))
  $body = $e::OrElse($clean, $e::AndAlso($chainOnly, $verify))
  $e::Lambda([Net.Security.RemoteCertificateValidationCallback], $body, $parameters).Compile()
}

# Whether the peer may be trusted: the system's roots said so, or the chain ends in one of the configured roots.
function Test-HomingTls {
  param([hashtable] $Tls)
  if ($null -eq $Tls.Chain -or $Tls.Chain.ChainElements.Count -eq 0) { return $true }
  $root = $Tls.Chain.ChainElements[$Tls.Chain.ChainElements.Count - 1].Certificate.GetRawCertDataString()
  foreach ($trusted in $Tls.Roots) { if ($trusted.GetRawCertDataString() -ceq $root) { return $true } }
  $false
}
