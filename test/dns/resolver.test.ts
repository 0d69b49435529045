/**
 * Unbound as a resolver that has nobody but Homing to ask: with names in random case, minimised questions (RFC 9156)
 * and everything hardened, it must come to the answers that the zone holds. Skipped where unbound is missing.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { createDnsServer } from '../../src/dns/server/dns-server.ts';
import { TcpPeer, askUdp, frame } from './client.ts';
import { decode, opt, query } from './message.ts';
import { findProgram, freeUdpPort, runDaemon } from './peers/daemons.ts';
import { SILENT_LOG, zoneFrom, zoneSet } from './zones.ts';

const ZONE = `@ 300 IN SOA ns1 hostmaster 1 3600 900 1209600 60
@ 300 IN NS ns1
ns1 300 IN A 127.0.0.1
home 60 IN A 192.0.2.10
home 60 IN AAAA 2001:db8::10
www 60 IN CNAME home
old 60 IN DNAME new
www.new 60 IN A 192.0.2.30
*.wild 60 IN A 192.0.2.99
deep.er.down 60 IN TXT "found"
mail 60 IN MX 10 home
${Array.from({ length: 12 }, (_, i) => `big 60 IN TXT "${i} ${'x'.repeat(200)}"`).join('\n')}
`;

/** What the resolver must say: rcode and the lines of the answer, in any order. */
const EXPECTED: readonly (readonly [name: string, type: string, rcode: string, ...lines: string[]])[] = [
  ['home', 'A', 'NOERROR', 'home.example.test. 60 IN A 192.0.2.10'],
  ['home', 'AAAA', 'NOERROR', 'home.example.test. 60 IN AAAA 2001:db8::10'],
  [
    'www',
    'A',
    'NOERROR',
    'home.example.test. 60 IN A 192.0.2.10',
    'www.example.test. 60 IN CNAME home.example.test.',
  ],
  [
    'www.old',
    'A',
    'NOERROR',
    'old.example.test. 60 IN DNAME new.example.test.',
    'www.new.example.test. 60 IN A 192.0.2.30',
    'www.old.example.test. 60 IN CNAME www.new.example.test.',
  ],
  ['a.b.wild', 'A', 'NOERROR', 'a.b.wild.example.test. 60 IN A 192.0.2.99'],
  ['deep.er.down', 'TXT', 'NOERROR', 'deep.er.down.example.test. 60 IN TXT "found"'],
  ['mail', 'MX', 'NOERROR', 'mail.example.test. 60 IN MX 10 home.example.test.'],
  ['er.down', 'A', 'NOERROR'],
  ['home', 'MX', 'NOERROR'],
  ['nope', 'A', 'NXDOMAIN'],
  ['x.y.z.nope', 'AAAA', 'NXDOMAIN'],
];

for (const kind of ['stub', 'forward'] as const) {
  void test(`unbound comes to every answer through Homing (${kind} zone)`, async (t) => {
    const program = findProgram('unbound');
    if (program === undefined) {
      t.skip('needs unbound');
      return;
    }
    const resolver = await startUnbound(t, program, { kind, upstream: await startHoming(t) });
    for (const [label, type, rcode, ...lines] of EXPECTED) {
      const reply = decode(await askUdp(resolver, ask(label, type), { ms: 5000 }));
      assert.equal(reply.rcode, rcode, `${label} ${type}`);
      assert.deepEqual(reply.answer.map(asSent).toSorted(), lines, `${label} ${type}`);
    }
    // Longer than a datagram may be: the resolver comes back over TCP, and so does this client.
    const peer = await new TcpPeer(resolver).connected();
    peer.socket.write(frame(ask('big', 'TXT')));
    assert.equal(decode((await peer.answers(1))[0]).answer.length, 12);
    peer.socket.destroy();
  });
}

/** A line as Homing sent it: what a resolver has from an answer of a second or two ago it gives with as much less TTL. */
function asSent(line: string): string {
  return line.replace(/ (\d+) IN /, (text, ttl: string) => (['58', '59'].includes(ttl) ? ' 60 IN ' : text));
}

function ask(label: string, type: string): Buffer {
  return query(`${label}.example.test`, type, { flags: 0x0100, opt: opt() });
}

async function startHoming(t: TestContext): Promise<number> {
  const server = createDnsServer({
    listen: [{ address: '127.0.0.1', port: 0 }],
    zones: zoneSet(zoneFrom('example.test', ZONE)),
    settings: { cookies: 'random' },
    log: SILENT_LOG,
  });
  await server.start();
  t.after(() => server.stop());
  return server.addresses[0]!.port;
}

/** An unbound of this test's own whose only way to `example.test` is the server on port `upstream`. */
async function startUnbound(
  t: TestContext,
  program: string,
  { kind, upstream }: { kind: 'stub' | 'forward'; upstream: number },
): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'homing-unbound-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const port = await freeUdpPort();
  const path = join(directory, 'unbound.conf');
  await writeFile(
    path,
    `server:
  directory: "${directory}"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  interface: 127.0.0.1@${port}
  do-not-query-localhost: no
  module-config: "iterator"
  local-zone: "test." nodefault
  num-threads: 1
  qname-minimisation-strict: yes
  use-caps-for-id: yes
  harden-large-queries: yes
  harden-algo-downgrade: yes
remote-control:
  control-enable: no
${kind}-zone:
  name: "example.test"
  ${kind}-addr: 127.0.0.1@${upstream}
`,
  );
  await runDaemon(t, [program, '-d', '-c', path], async () => {
    const answer = await askUdp(port, query('localhost', 'A'), { ms: 200 }).catch(() => undefined);
    return answer !== undefined;
  });
  return port;
}
