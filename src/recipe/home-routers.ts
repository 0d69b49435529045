/** Recipes for routers at home. Invariant: where labels and menus were not found in documents or sources, `known` says so. */
import { type Recipe, byTls, fields, text, updateUrl } from './recipe.ts';

/** <ip6lanprefix> is only filled in where <ip6addr> stands in the URL, too. */
const FRITZBOX_QUERY = 'hostname=<domain>&myip=<ipaddr>&myipv6=<ip6addr>&ip6lanprefix=<ip6lanprefix>';

/** The recipes, in the order of the list. */
export const HOME_ROUTERS: readonly Recipe[] = [
  {
    device: 'fritzbox',
    title: 'FRITZ!Box',
    works: 'IPv4 and IPv6, each also alone (DS-Lite); hosts on its IPv6 prefix',
    known: 'documents',
    steps: (values) => [
      text('Internet > Permit Access > DynDNS, "Use DynDNS", provider "User-defined".'),
      fields(
        ['Update URL', updateUrl(values, FRITZBOX_QUERY)],
        ['Domain name', values.hostname],
        ['User name', values.account],
        ['Password', values.token],
      ),
      text(
        'The words in angle brackets stay: the box fills them in, and leaves those of a family that it lacks empty.',
      ),
      text(
        `The box reports the IPv6 prefix of its network, too: "homing host add NAME --prefix-of ${values.hostname} --mac MAC" defines a host behind it, which then follows that prefix.`,
      ),
      text(
        'The box asks DNS some minutes after each update whether its addresses are published, and repeats the update if not.',
      ),
    ],
  },
  {
    device: 'openwrt',
    title: 'OpenWrt (ddns-scripts)',
    works: 'IPv4; IPv6 with a second section',
    known: 'source',
    steps: (values) => [
      {
        kind: 'file',
        name: 'openwrt.sh',
        about: [
          'OpenWrt with ddns-scripts (opkg install ddns-scripts), to be typed or run on the router.',
          "The words in brackets stay: the router fills them in. For IPv6 a second section with use_ipv6='1' and interface='wan6'.",
        ],
        text: [
          "uci set ddns.homing='service'",
          "uci set ddns.homing.enabled='1'",
          "uci set ddns.homing.interface='wan'",
          "uci set ddns.homing.ip_source='network'",
          "uci set ddns.homing.ip_network='wan'",
          `uci set ddns.homing.lookup_host='${values.hostname}'`,
          `uci set ddns.homing.domain='${values.hostname}'`,
          `uci set ddns.homing.username='${values.account}'`,
          `uci set ddns.homing.password='${values.token}'`,
          ...byTls(
            values,
            ["uci set ddns.homing.use_https='1'", "uci set ddns.homing.cacert='/etc/ssl/certs'"],
            [],
          ),
          `uci set ddns.homing.update_url='${values.server.scheme}://[USERNAME]:[PASSWORD]@${values.server.authority}/nic/update?hostname=[DOMAIN]&myip=[IP]'`,
          'uci commit ddns',
          '/etc/init.d/ddns restart',
        ].join('\n'),
      },
    ],
  },
  {
    device: 'dd-wrt',
    title: 'DD-WRT',
    works: 'IPv4',
    known: 'source',
    steps: (values) => [
      text('Setup > DDNS, "DDNS Service": Custom.'),
      fields(
        ['DYNDNS Server', values.server.authority],
        ['User Name', values.account],
        ['Password', values.token],
        ['Host Name', values.hostname],
        ['URL', '/nic/update?hostname='],
      ),
      text(
        'The router appends the host name to the URL; Homing takes the address that the request comes from.',
      ),
    ],
  },
  {
    device: 'freshtomato',
    title: 'FreshTomato',
    works: 'IPv4',
    known: 'source',
    steps: (values) => [
      text('Basic > DDNS, "Service": Custom URL.'),
      fields([
        'URL',
        `${values.server.scheme}://${encodeURIComponent(values.account)}:${values.token}@${values.server.authority}/nic/update?hostname=${values.hostname}&myip=@IP`,
      ]),
      text('@IP stays: the router fills it in.'),
    ],
  },
  {
    device: 'asus',
    title: 'ASUS with Asuswrt-Merlin',
    works: 'IPv4',
    known: 'reports',
    steps: (values) => [
      text(
        'The firmware of ASUS itself offers no server of your own; Asuswrt-Merlin does.',
        'Administration > System: "Enable JFFS custom scripts and configs". WAN > DDNS, "Server": Custom.',
      ),
      {
        kind: 'file',
        name: '/jffs/scripts/ddns-start',
        about: ['Asuswrt-Merlin: /jffs/scripts/ddns-start, mode 0700. The router passes its address.'],
        text: [
          `reply=$(curl -s -m 30 -u '${values.account}:${values.token}' "${updateUrl(values, `hostname=${values.hostname}&myip=$1`)}")`,
          'case $reply in',
          '  good* | nochg*) /sbin/ddns_custom_updated 1 ;;',
          '  *) /sbin/ddns_custom_updated 0 ;;',
          'esac',
        ].join('\n'),
      },
    ],
  },
  {
    device: 'tplink',
    title: 'TP-Link Omada and ER series',
    works: 'IPv4',
    known: 'reports',
    steps: (values) => [
      text('Services > Dynamic DNS > Custom DDNS, or in the Omada controller the same for the gateway.'),
      fields(
        [
          'Update URL',
          `${values.server.scheme}://[USERNAME]:[PASSWORD]@${values.server.authority}/nic/update?hostname=[DOMAIN]&myip=[IP]`,
        ],
        ['Username', values.account],
        ['Password', values.token],
        ['Domain Name', values.hostname],
      ),
      text('The words in brackets stay: the gateway fills them in.'),
    ],
  },
  {
    device: 'draytek',
    title: 'DrayTek Vigor',
    works: 'IPv4',
    known: 'nowhere',
    steps: (values) => [
      text('Applications > Dynamic DNS, "Service Provider": User-Defined.'),
      fields(
        ['Provider Host', values.server.authority],
        ['Service API', `/nic/update?hostname=${values.hostname}`],
        ['Auth Type', 'Basic'],
        ['Connection Type', byTls(values, 'HTTPS', 'HTTP')],
        ['Server Response', 'good'],
        ['Login Name', values.account],
        ['Password', values.token],
      ),
      text(
        'These labels were not checked on a device.',
        'Homing takes the address that the request comes from.',
        'An unchanged address is answered "nochg": where the router then says that the update failed, leave "Server Response" empty.',
      ),
    ],
  },
];
