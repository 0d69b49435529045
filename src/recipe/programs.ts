/** Recipes for programs. Invariant: a secret never stands among a program's arguments, where others could read it. */
import { type Recipe, byTls, escapeUrl, fields, text, updateUrl, updateUrlWithLogin } from './recipe.ts';

/** The recipes, in the order of the list. */
export const PROGRAMS: readonly Recipe[] = [
  {
    device: 'ddclient',
    title: 'ddclient',
    works: 'IPv4; IPv6 too from 3.11 on',
    known: 'source',
    steps: (values) => [
      {
        kind: 'file',
        name: 'ddclient.conf',
        about: [
          'ddclient 3.10 and later for Homing: /etc/ddclient.conf, mode 0600.',
          'Several hosts: with commas on the last line. TLS: ssl=yes, and https in the address of /checkip.',
        ],
        text: [
          'daemon=300',
          `ssl=${byTls(values, 'yes', 'no')}`,
          'protocol=dyndns2',
          `use=web, web=${values.server.scheme}://${values.server.authority}/checkip, web-skip='Current IP Address:'`,
          `server=${values.server.authority}`,
          `login=${values.account}`,
          `password='${values.token}'`,
          values.hostname,
        ].join('\n'),
      },
    ],
  },
  {
    device: 'inadyn',
    title: 'inadyn',
    works: 'IPv4; IPv6 with an address of its own choice',
    known: 'source',
    steps: (values) => [
      {
        kind: 'file',
        name: 'inadyn.conf',
        about: [
          'inadyn 2.x for Homing, and the routers that have it inside: /etc/inadyn.conf, mode 0600.',
          'Several hosts: hostname = { "a", "b" }. TLS: ssl = true and checkip-ssl = true.',
        ],
        text: [
          'period = 300',
          '',
          'custom homing {',
          `    ssl            = ${byTls(values, 'true', 'false')}`,
          `    username       = "${values.account}"`,
          `    password       = "${values.token}"`,
          `    ddns-server    = "${values.server.authority}"`,
          '    ddns-path      = "/nic/update?hostname=%h&myip=%i"',
          `    hostname       = "${values.hostname}"`,
          `    checkip-ssl    = ${byTls(values, 'true', 'false')}`,
          `    checkip-server = "${values.server.authority}"`,
          '    checkip-path   = "/checkip"',
          '}',
        ].join('\n'),
      },
    ],
  },
  {
    device: 'curl',
    title: 'curl, from cron',
    works: 'IPv4 and IPv6',
    known: 'documents',
    steps: (values) => [
      {
        kind: 'file',
        name: 'curl-update.sh',
        about: [
          'One update with curl, for cron: silent and 0 when the address is published, a line on standard error and 1 when not.',
          'The address that the request comes from is taken. Others: append &myip=198.51.100.7,2001:db8::7 to the URL.',
        ],
        text: [
          'set -eu',
          '',
          '# Through standard input, because everybody on the machine can read the arguments of a program.',
          'reply=$(',
          "  curl --silent --show-error --max-time 30 --config - <<'END'",
          `user = "${values.account}:${values.token}"`,
          `url = "${updateUrl(values, `hostname=${values.hostname}`)}"`,
          'END',
          ')',
          ...judged(values.hostname, '$reply'),
        ].join('\n'),
      },
    ],
  },
  {
    device: 'wget',
    title: 'GNU wget, from cron',
    works: 'IPv4 and IPv6',
    known: 'documents',
    steps: (values) => [
      {
        kind: 'file',
        name: 'wget-update.sh',
        about: [
          'One update with GNU wget, for cron: silent and 0 when the address is published, a line on standard error and 1 when not.',
          'The address that the request comes from is taken. Others: append &myip=198.51.100.7,2001:db8::7 to the URL.',
        ],
        text: [
          'set -eu',
          '',
          '# Through standard input, because everybody on the machine can read the arguments of a program.',
          'reply=$(',
          "  wget --quiet --tries=1 --timeout=30 --content-on-error --output-document=- --input-file=- <<'END' || true",
          updateUrlWithLogin(values, `hostname=${values.hostname}`),
          'END',
          ')',
          ...judged(values.hostname, '${reply:-no answer}'),
        ].join('\n'),
      },
    ],
  },
  {
    device: 'ddns-go',
    title: 'ddns-go',
    works: 'IPv4 and IPv6',
    known: 'source',
    steps: (values) => [
      text('In the web page of ddns-go, the DNS provider "Callback".'),
      fields(
        ['URL', updateUrlWithLogin(values, 'hostname=#{domain}&myip=#{ip}')],
        ['RequestBody', '(empty)'],
        ['Domains', values.hostname],
      ),
      text(
        'The words in braces stay. ddns-go takes every answer with status 200 for a success, also "nohost": look at the host after the first update.',
      ),
    ],
  },
  {
    device: 'ddns-updater',
    title: 'ddns-updater (qdm12)',
    works: 'IPv4 and IPv6',
    known: 'source',
    steps: (values) => [
      {
        kind: 'file',
        name: 'data/config.json',
        about: [],
        text: JSON.stringify(
          {
            settings: [
              {
                provider: 'custom',
                domain: values.hostname,
                url: updateUrl(
                  values,
                  `hostname=${values.hostname}&username=${escapeUrl(values.account)}&password=${escapeUrl(values.token)}`,
                ),
                ipv4key: 'myip',
                ipv6key: 'myipv6',
                success_regex: '^(good|nochg)',
                ip_version: 'ipv4 or ipv6',
              },
            ],
          },
          null,
          2,
        ),
      },
    ],
  },
  {
    device: 'windows',
    title: 'Windows PowerShell',
    works: 'IPv4 or IPv6, whichever the request comes from',
    known: 'documents',
    steps: (values) => [
      {
        kind: 'file',
        name: 'homing-update.ps1',
        about: [
          'Windows PowerShell 5.1 and later, for the Task Scheduler: exit code 0 when the address is published, else 1.',
          'The address that the request comes from is taken. Readable for you and SYSTEM alone, because the token stands in it.',
        ],
        text: [
          "$ErrorActionPreference = 'Stop'",
          '[Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12',
          `$login = [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes('${values.account}:${values.token}'))`,
          '$client = [Net.WebClient]::new()',
          'try {',
          '  $client.Headers[\'Authorization\'] = "Basic $login"',
          "  $client.Headers['User-Agent'] = 'homing-update.ps1/1'",
          `  $line = $client.DownloadString('${updateUrl(values, `hostname=${values.hostname}`)}').Trim()`,
          '} catch {',
          '  $line = $_.Exception.Message',
          '}',
          "if ($line -match '^(good|nochg)') { exit 0 }",
          `"${values.hostname} was not updated: $line"`,
          'exit 1',
        ].join('\n'),
      },
      text('Once, as administrator, where the file lies in C:\\Program Files\\HomingUpdate:'),
      {
        kind: 'commands',
        text: 'schtasks /Create /TN Homing /SC MINUTE /MO 5 /RU SYSTEM /TR "powershell -NoProfile -ExecutionPolicy Bypass -File \\"C:\\Program Files\\HomingUpdate\\homing-update.ps1\\""',
      },
    ],
  },
];

/** The end of a shell script: success where the reply says so. */
function judged(hostname: string, shown: string): readonly string[] {
  return [
    'case $reply in',
    '  good* | nochg*) ;;',
    '  *)',
    `    echo "${hostname} was not updated: ${shown}" >&2`,
    '    exit 1',
    '    ;;',
    'esac',
  ];
}
