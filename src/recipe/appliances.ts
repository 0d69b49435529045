/** Recipes for storage and home automation. Invariant: where labels and menus were not found in documents or sources, `known` says so. */
import { type Recipe, fields, text, updateUrl } from './recipe.ts';

/** The recipes, in the order of the list. */
export const APPLIANCES: readonly Recipe[] = [
  {
    device: 'synology',
    title: 'Synology DSM',
    works: 'IPv4',
    known: 'documents',
    steps: (values) => [
      text('Control Panel > External Access > DDNS > Customize Provider.'),
      fields(
        ['Service Provider', 'Homing'],
        ['Query URL', updateUrl(values, 'hostname=__HOSTNAME__&myip=__MYIP__')],
      ),
      text('The words between underscores stay. Then Add:'),
      fields(
        ['Service provider', 'Homing'],
        ['Hostname', values.hostname],
        ['Username/Email', values.account],
        ['Password/Key', values.token],
      ),
    ],
  },
  {
    device: 'qnap',
    title: 'QNAP QTS',
    works: 'IPv4',
    known: 'nowhere',
    steps: (values) => [
      text('Network & Virtual Switch > DDNS > Add, DDNS server: Customized.'),
      fields(
        ['URL', updateUrl(values, 'hostname=%HOST%&myip=%IP%&username=%USER%&password=%PASS%')],
        ['Host name', values.hostname],
        ['User name', values.account],
        ['Password', values.token],
      ),
      text(
        'The words between percent signs stay: the NAS fills them in. These labels were not checked on a device.',
      ),
    ],
  },
  {
    device: 'homeassistant',
    title: 'Home Assistant',
    works: 'IPv4 or IPv6, whichever the request comes from',
    known: 'documents',
    steps: (values) => [
      text(
        "Home Assistant's own integrations for dynamic DNS have fixed servers; a RESTful command and an automation need none.",
      ),
      {
        kind: 'file',
        name: 'configuration.yaml',
        about: ['Home Assistant: to be added to configuration.yaml. Restart Home Assistant afterwards.'],
        text: [
          'rest_command:',
          '  homing:',
          `    url: '${updateUrl(values, `hostname=${values.hostname}`)}'`,
          '    method: get',
          `    username: '${values.account}'`,
          `    password: '${values.token}'`,
          'automation homing:',
          "  - alias: 'Dynamic DNS'",
          '    trigger:',
          '      - platform: time_pattern',
          "        minutes: '/5'",
          '    action:',
          '      - service: rest_command.homing',
        ].join('\n'),
      },
      text(
        'Asking every five minutes is fine: an address that has not changed costs nothing and is never held against a host.',
      ),
    ],
  },
];
