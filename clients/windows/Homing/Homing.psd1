@{
  RootModule           = 'Homing.psm1'
  ModuleVersion        = '0.1.0'
  GUID                 = '6d9a1f5e-58a1-4f0e-9d0c-7f5b3c1a2e44'
  Author               = 'The Homing project'
  CompanyName          = 'The Homing project'
  Copyright            = 'MIT licence'
  Description          = 'Keeps the names of this machine right at Homing and other servers that speak DynDNS2.'
  PowerShellVersion    = '5.1'
  CompatiblePSEditions = @('Desktop', 'Core')
  FunctionsToExport    = @(
    'Get-HomingAddress', 'Get-HomingStatus', 'Install-HomingAgent', 'New-HomingConfiguration', 'Protect-HomingSecret',
    'Register-HomingMachine', 'Start-HomingAgent', 'Test-HomingConfiguration', 'Uninstall-HomingAgent', 'Update-HomingHost'
  )
  CmdletsToExport      = @()
  VariablesToExport    = @()
  AliasesToExport      = @()
  PrivateData          = @{ PSData = @{ Tags = @('DDNS', 'DynDNS', 'DNS', 'Homing'); LicenseUri = 'https://opensource.org/license/mit' } }
}
