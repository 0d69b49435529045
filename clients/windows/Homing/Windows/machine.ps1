# The serial number of this machine, as the BIOS has it.

function Get-HomingBiosSerial {
  try {
    foreach ($bios in ([wmisearcher] 'SELECT SerialNumber FROM Win32_BIOS').Get()) { return ([string] $bios['SerialNumber']).Trim() }
  } catch {
    # Without WMI the machine goes by its name; the server says so where its code needs the number.
    return ''
  }
  ''
}
