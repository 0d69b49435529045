/**
 * Recipes for ACME clients: a certificate for the host, proved by a TXT record (DNS-01) that the client sets with the
 * credentials of the host.
 */
import { formatServerUrl } from '../net/server-url.ts';
import { type Recipe, type RecipeValues, text } from './recipe.ts';

/** The recipes, in the order of the list. */
export const CERTIFICATES: readonly Recipe[] = [
  {
    device: 'lego',
    title: 'lego, and Traefik, which has it inside',
    works: 'certificates, also for *.HOST',
    known: 'documents',
    steps: (values) => [
      {
        kind: 'commands',
        text: [
          `export HTTPREQ_ENDPOINT='${formatServerUrl(values.server)}'`,
          `export HTTPREQ_USERNAME='${values.account}'`,
          `export HTTPREQ_PASSWORD='${values.token}'`,
          `lego --accept-tos --email you@example.org --dns httpreq --domains ${values.hostname} run`,
        ].join('\n'),
      },
    ],
  },
  {
    device: 'acme.sh',
    title: 'acme.sh',
    works: 'certificates, also for *.HOST',
    known: 'source',
    steps: (values) => [
      {
        kind: 'commands',
        text: [
          `export ACMEDNS_BASE_URL='${formatServerUrl(values.server)}'`,
          `export ACMEDNS_USERNAME='${values.account}'`,
          `export ACMEDNS_PASSWORD='${values.token}'`,
          `export ACMEDNS_SUBDOMAIN='_acme-challenge.${values.hostname}'`,
          `acme.sh --issue --dns dns_acmedns -d ${values.hostname}`,
        ].join('\n'),
      },
      text(
        'dns_acmedns leaves the value there for a day. dns_acmeproxy takes it away at once, and serves all hosts of the token:',
      ),
      {
        kind: 'commands',
        text: [
          `export ACMEPROXY_ENDPOINT='${formatServerUrl(values.server)}'`,
          `export ACMEPROXY_USERNAME='${values.account}'`,
          `export ACMEPROXY_PASSWORD='${values.token}'`,
          `acme.sh --issue --dns dns_acmeproxy -d ${values.hostname} -d '*.${values.hostname}'`,
        ].join('\n'),
      },
    ],
  },
  {
    device: 'certbot',
    title: 'certbot',
    works: 'certificates, also for *.HOST',
    known: 'documents',
    steps: (values) => [
      {
        kind: 'file',
        name: 'certbot-homing.sh',
        about: [
          'certbot: /etc/letsencrypt/homing.sh, mode 0700. Sets and removes the TXT value that certbot asks for.',
        ],
        text: hook(values),
      },
      {
        kind: 'commands',
        text: [
          'certbot certonly --manual --preferred-challenges dns \\',
          "  --manual-auth-hook '/etc/letsencrypt/homing.sh present' \\",
          "  --manual-cleanup-hook '/etc/letsencrypt/homing.sh cleanup' \\",
          `  -d ${values.hostname}`,
        ].join('\n'),
      },
      text('certbot remembers the hooks and renews by itself.'),
    ],
  },
];

function hook(values: RecipeValues): string {
  return [
    'set -eu',
    '',
    '# Through standard input, because everybody on the machine can read the arguments of a program.',
    'curl --silent --show-error --fail --max-time 30 --config - <<END',
    `user = "${values.account}:${values.token}"`,
    `url = "${formatServerUrl(values.server)}/$1"`,
    'header = "Content-Type: application/json"',
    'data = "{\\"fqdn\\": \\"_acme-challenge.$CERTBOT_DOMAIN.\\", \\"value\\": \\"$CERTBOT_VALIDATION\\"}"',
    'END',
  ].join('\n');
}
