# Windows PowerShell 5.1 and later, for the Task Scheduler: exit code 0 when the address is published, else 1.
# Replace __SERVER__ (name, and :port where it is not 80), __ACCOUNT__, __TOKEN__ and __HOSTNAME__.
# The address that the request comes from is taken. Readable for you and SYSTEM alone, because the token stands in it.
$ErrorActionPreference = 'Stop'
[Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12
$login = [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes('__ACCOUNT__:__TOKEN__'))
$client = [Net.WebClient]::new()
try {
  $client.Headers['Authorization'] = "Basic $login"
  $client.Headers['User-Agent'] = 'homing-update.ps1/1'
  $line = $client.DownloadString('http://__SERVER__/nic/update?hostname=__HOSTNAME__').Trim()
} catch {
  $line = $_.Exception.Message
}
if ($line -match '^(good|nochg)') { exit 0 }
"__HOSTNAME__ was not updated: $line"
exit 1
