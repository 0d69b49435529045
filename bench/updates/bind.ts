/**
 * The peer for updates: BIND taking RFC 2136 with TSIG from several nsupdate processes at once. Each of its updates is
 * in its journal before it is answered, as each of Homing's is.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from '../../test/interop/free-ports.ts';
import { ServerProcess, findProgram, missingPrograms, runLoad } from '../processes.ts';
import { APEX } from '../provision.ts';
import { type Row, type Scale, withUnit } from '../report.ts';

const BIND_CLIENTS = 8;
const BIND_UPDATES_EACH = 300;

/** BIND's row beside Homing's rate of changed addresses. */
export async function bindRow(directory: string, changing: number, { hosts }: Scale): Promise<Row> {
  const what = `BIND, RFC 2136 with TSIG, ${BIND_CLIENTS} clients`;
  if (missingPrograms('named', 'nsupdate', 'dig').length > 0) {
    return { what, figure: 'needs bind9 and bind9-dnsutils' };
  }
  const perSecond = await measureBind(join(directory, 'bind'), hosts);
  const ratio = changing / perSecond;
  return {
    what,
    figure: withUnit(perSecond, '/s'),
    ratio: `changed address is ${ratio.toFixed(1)} × BIND`,
    bar: '≥ 10',
    values: { perSecond, ratio },
  };
}

async function measureBind(directory: string, hosts: number): Promise<number> {
  mkdirSync(directory);
  const { port } = await freePorts('port');
  const secret = randomBytes(32).toString('base64');
  const zone = join(directory, 'zone');
  const records = Array.from({ length: hosts }, (_, i) => `h${i} IN A 10.0.0.1\n`).join('');
  const head = '@ IN SOA ns1 hostmaster 1 3600 600 86400 60\n@ IN NS ns1\nns1 IN A 127.0.0.1\n';
  writeFileSync(zone, `$ORIGIN ${APEX}.\n$TTL 60\n${head}${records}`);
  const configuration = join(directory, 'named.conf');
  writeFileSync(
    configuration,
    `key k { algorithm hmac-sha256; secret "${secret}"; };
options { directory "${directory}"; listen-on port ${port} { 127.0.0.1; }; listen-on-v6 { none; }; recursion no;
  pid-file "${directory}/pid"; session-keyfile "${directory}/session"; dnssec-validation no; };
controls {};
zone "${APEX}" { type primary; file "${zone}"; allow-update { key k; }; };
`,
  );
  const server = new ServerProcess(['named', '-n', '1', '-f', '-c', configuration]);
  try {
    const dig = [findProgram('dig')!, '+short', '+tries=1', '+time=1', '@127.0.0.1', '-p', String(port)];
    await server.ready(async () => (await runLoad([...dig, `h0.${APEX}`]).catch(() => '')).startsWith('10.'));
    const start = performance.now();
    await Promise.all(
      Array.from({ length: BIND_CLIENTS }, (_, client) =>
        runLoad(
          ['nsupdate', '-t', '60', '-u', '10', '-y', `hmac-sha256:k:${secret}`],
          updatesOf(client, port, hosts),
        ),
      ),
    );
    return (BIND_CLIENTS * BIND_UPDATES_EACH * 1000) / (performance.now() - start);
  } finally {
    await server.stop();
  }
}

function updatesOf(client: number, port: number, hosts: number): string {
  const updates = Array.from({ length: BIND_UPDATES_EACH }, (_, i) => {
    const number = client * BIND_UPDATES_EACH + i;
    const name = `h${number % hosts}.${APEX}`;
    return `update delete ${name} A\nupdate add ${name} 60 A 192.0.2.${(number % 250) + 1}\nsend\n`;
  });
  return `server 127.0.0.1 ${port}\nzone ${APEX}\n${updates.join('')}`;
}
