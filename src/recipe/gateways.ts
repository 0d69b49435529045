/** Recipes for firewalls and gateways. Invariant: where labels and menus were not found in documents or sources, `known` says so. */
import { type Recipe, byTls, fields, text, updateUrl } from './recipe.ts';

/** The recipes, in the order of the list. */
export const GATEWAYS: readonly Recipe[] = [
  {
    device: 'unifi',
    title: 'UniFi OS gateways',
    works: 'IPv4',
    known: 'reports',
    steps: (values) => [
      text('Settings > Internet > the WAN > Dynamic DNS > Create New Dynamic DNS.'),
      fields(
        ['Service', 'custom'],
        ['Hostname', values.hostname],
        ['Username', values.account],
        ['Password', values.token],
        ['Server', `${values.server.authority}/nic/update?hostname=%h&myip=%i`],
      ),
      text(
        'No scheme before the server, and %h and %i stay.',
        byTls(
          values,
          'The gateway speaks HTTPS.',
          'The gateway speaks HTTPS only, so Homing needs TLS in front of it for this device.',
        ),
      ),
    ],
  },
  {
    device: 'edgerouter',
    title: 'EdgeRouter and USG (EdgeOS)',
    works: 'IPv4',
    known: 'documents',
    steps: (values) => [
      text('On the command line of the router; eth0 is the port of the Internet connection.'),
      {
        kind: 'commands',
        text: [
          'configure',
          'edit service dns dynamic interface eth0 service custom-homing',
          `set host-name ${values.hostname}`,
          `set login ${values.account}`,
          `set password ${values.token}`,
          'set protocol dyndns2',
          `set server ${values.server.authority}`,
          ...byTls(values, [], ['set options ssl=no']),
          'top',
          'commit',
          'save',
        ].join('\n'),
      },
      text('The server is a name only: a URL in its place makes requests that mean nothing.'),
    ],
  },
  {
    device: 'opnsense',
    title: 'OPNsense (os-ddclient)',
    works: 'IPv4 or IPv6, one entry for each',
    known: 'source',
    steps: (values) => [
      text('Services > Dynamic DNS > Settings, with the plug-in os-ddclient; add an account.'),
      fields(
        ['Service', 'Custom'],
        ['Protocol', 'DynDns2'],
        ['Server', values.server.authority],
        ['Username', values.account],
        ['Password', values.token],
        ['Hostname(s)', values.hostname],
        ['Check ip method', 'Interface'],
        ['Force SSL', byTls(values, 'yes', 'no')],
      ),
      text(
        'The native backend takes every answer with status 200 for a success, also "nohost": look at the host after the first update.',
      ),
    ],
  },
  {
    device: 'pfsense',
    title: 'pfSense',
    works: 'IPv4; IPv6 with a second entry',
    known: 'source',
    steps: (values) => [
      text('Services > Dynamic DNS > Dynamic DNS Clients > Add.'),
      fields(
        ['Service Type', 'Custom'],
        ['Interface to monitor', 'WAN'],
        ['Interface to send update from', 'WAN'],
        ['Username', values.account],
        ['Password', values.token],
        ['Update URL', updateUrl(values, `hostname=${values.hostname}&myip=%IP%`)],
        ['Result Match', 'good %IP%|nochg %IP%'],
      ),
      text('%IP% stays: the firewall fills it in. For IPv6 an entry of the type "Custom (v6)".'),
    ],
  },
  {
    device: 'mikrotik',
    title: 'MikroTik RouterOS',
    works: 'IPv4 or IPv6, whichever the request comes from',
    known: 'documents',
    steps: (values) => [
      {
        kind: 'file',
        name: 'mikrotik.rsc',
        about: [
          'MikroTik RouterOS 6.44 and later: System > Scripts, and in System > Scheduler "/system script run homing" every five minutes.',
          'The address that the request comes from is taken. The reply, or that there was none, is in the log.',
        ],
        text: [
          `:local account "${values.account}"`,
          `:local token "${values.token}"`,
          `:local url "${updateUrl(values, `hostname=${values.hostname}`)}"`,
          ':do {',
          `  :local reply [/tool fetch url=$url user=$account password=$token mode=${values.server.scheme} output=user as-value]`,
          '  :log info ("homing: " . ($reply->"data"))',
          '} on-error={',
          '  :log warning "homing: no answer, or a wrong account or token"',
          '}',
        ].join('\n'),
      },
    ],
  },
  {
    device: 'cisco',
    title: 'Cisco IOS',
    works: 'IPv4',
    known: 'documents',
    steps: (values) => [
      text(
        'In configuration mode; GigabitEthernet0/0 is the port of the Internet connection.',
        'Type Ctrl-V before each question mark of the URL.',
      ),
      {
        kind: 'commands',
        text: [
          'ip ddns update method homing',
          ' HTTP',
          `  add ${values.server.scheme}://${encodeURIComponent(values.account)}:${values.token}@${values.server.authority}/nic/update?hostname=<h>&myip=<a>`,
          ' interval maximum 1 0 0 0',
          'interface GigabitEthernet0/0',
          ` ip ddns update hostname ${values.hostname}`,
          ' ip ddns update homing',
        ].join('\n'),
      },
      text('<h> and <a> stay: the router fills them in.'),
    ],
  },
];
