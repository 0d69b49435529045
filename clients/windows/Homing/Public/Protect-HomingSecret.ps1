function Protect-HomingSecret {
  <#
  .SYNOPSIS
  Keeps a secret as the agent wants it: DPAPI data of this machine on Windows, a file of mode 0600 elsewhere.
  .DESCRIPTION
  With -Path the secret is written there, for {"file": PATH} in the configuration; a file that holds it in the clear is
  taken in place of a question. Without -Path, on Windows, the text for {"dpapi": TEXT} is put out. The agent uses a
  secret that changed in its file from the next round on.
  .PARAMETER Secret
  The token or password. Without it, and without a file that has it, it is asked for.
  .PARAMETER Path
  The file to write.
  .PARAMETER Account
  Accounts, beside SYSTEM and the administrators, that may read the file on Windows; by default the service's.
  .EXAMPLE
  Protect-HomingSecret -Path C:\ProgramData\Homing\home.token
  .EXAMPLE
  $text = Protect-HomingSecret
  #>
  [CmdletBinding(SupportsShouldProcess)]
  [OutputType([string])]
  param(
    [Parameter(ValueFromPipeline)] [securestring] $Secret,
    [Parameter(Position = 0)] [string] $Path = '',
    [string[]] $Account = @()
  )
  process {
    $full = if ($Path) { Resolve-HomingGiven $PSCmdlet $Path } else { '' }
    $text = if ($null -ne $Secret) { [Net.NetworkCredential]::new('', $Secret).Password } else { '' }
    if (-not $text -and $full -and [IO.File]::Exists($full)) {
      $text = [IO.File]::ReadAllText($full).Trim()
      if ($text.StartsWith('AQAAANCMnd8BFdERjHoAwE/Cl+s', [StringComparison]::Ordinal)) { $PSCmdlet.WriteVerbose("$full is protected already"); return }
    }
    if (-not $text) { $text = [Net.NetworkCredential]::new('', (Read-HomingAnswer 'Token or password' -Hidden)).Password }
    if (-not $text) { Stop-HomingCommand $PSCmdlet 'HomingSecretEmpty' 'The secret is empty.' $full }
    if (-not $full) {
      if (-not $script:HomingPlatform.Windows) { Stop-HomingCommand $PSCmdlet 'HomingSecretPath' 'DPAPI is there on Windows only. Say -Path FILE, and {"file": "FILE"} in the configuration.' $null }
      return Protect-HomingText $text
    }
    if ($PSCmdlet.ShouldProcess($full, 'Write the protected secret')) { Write-HomingSecretFile $full $text $Account }
  }
}

# Writes a secret where only those who must can read it; it is never there with wider rights, not for a moment.
function Write-HomingSecretFile {
  param([string] $Path, [string] $Text, [string[]] $Account)
  if ($script:HomingPlatform.Windows) {
    Write-HomingFile $Path (Protect-HomingText $Text)
    Set-HomingFileAccess $Path $Account
    return
  }
  $beside = "$Path.new"
  if ([IO.File]::Exists($beside)) { [IO.File]::Delete($beside) }
  [IO.File]::WriteAllText($beside, '')
  [IO.File]::SetUnixFileMode($beside, [IO.UnixFileMode] 'UserRead, UserWrite')
  [IO.File]::WriteAllText($beside, "$Text`n")
  [IO.File]::Delete($Path)
  [IO.File]::Move($beside, $Path)
}

# Asks a person; Hidden gives a SecureString. Where nobody can answer it fails, and says which value is missing.
function Read-HomingAnswer {
  param([string] $Question, [switch] $Hidden)
  $ui = $Host.UI
  if ($null -eq $ui -or $null -eq $ui.RawUI) { throw [InvalidOperationException]::new("$Question is missing, and nobody can be asked for it") }
  $ui.Write("${Question}: ")
  if ($Hidden) { $ui.ReadLineAsSecureString() } else { $ui.ReadLine().Trim() }
}
