/**
 * Clients that cannot be run here: what each sends goes to a server over a socket, its own rule judges the reply, and
 * DNS is asked afterwards. A change that would break one of them fails the test with its name (D-7, D-8).
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CLIENTS } from './client-families.ts';
import { type PublishedSite, openPublishedSite } from './dialects/published-site.ts';
import {
  type Client,
  type Situation,
  type Values,
  type Verdict,
  valuesWith,
} from './families/client-family.ts';
import { type Reply, header } from './site.ts';

const SITE = {
  hosts: ['home.example.test'],
  accounts: { alice: null },
  tokens: { s3cret: null },
  accept: 'any',
} as const;

/** What happens to each situation's values; the address is another where something is to be written. */
const SITUATIONS: readonly (readonly [Situation, Partial<Values>])[] = [
  ['good', {}],
  ['nochg', {}],
  ['badauth', { password: 'wrong' }],
  ['nohost', { hostname: 'nobody.example.test' }],
  ['911', { ipv4: '198.51.100.99' }],
];

describe('clients that are known by their bytes', () => {
  for (const client of CLIENTS) {
    it(`${client.name}: reads each answer as the document says`, async (t) => {
      const site = await openPublishedSite(t, SITE);
      const read: Partial<Record<Situation, Verdict>> = {};
      for (const [situation, changes] of SITUATIONS) {
        const values = valuesWith(changes);
        if (situation === '911') await forget(site, client);
        site.breakStore(situation === '911');
        const reply = await exchange(site, client, values);
        assertFraming(reply);
        read[situation] = client.judge(reply, values);
        const expected = situation === '911' ? '203.0.113.200' : (client.publishes ?? valuesWith().ipv4);
        assert.equal(await site.resolve('home.example.test', 'A'), expected, situation);
      }
      assert.deepEqual(read, client.reads);
    });

    if (client.exchanges !== undefined) {
      it(`${client.name}: ${client.exchanges.map(({ what }) => what).join('; ')}`, async (t) => {
        const site = await openPublishedSite(t, SITE);
        for (const { what, ipv4, ipv6 = 'none', ...sent } of client.exchanges!) {
          const values = valuesWith();
          const reply = await exchange(site, { ...client, ...sent }, values);
          assertFraming(reply);
          assert.match(reply.body, /^(good|nochg) /, what);
          assert.equal(await site.resolve(values.hostname, 'A'), ipv4 ?? values.ipv4, what);
          assert.equal(await site.resolve(values.hostname, 'AAAA'), ipv6, what);
        }
      });
    }
  }

  it('have names of their own, and rules for the document', () => {
    assert.equal(new Set(CLIENTS.map(({ name }) => name)).size, CLIENTS.length);
    for (const { name, rule } of CLIENTS) assert.doesNotMatch(rule, /[|\n]{2}|\.$/, name);
  });
});

/** One update as the client makes it: with a challenge before it, where it waits for one. */
async function exchange(
  site: PublishedSite,
  client: Pick<Client, 'request' | 'waitsForChallenge'>,
  values: Values,
): Promise<Reply> {
  const send = async (sent: Values): Promise<Reply> => {
    const bytes = client.request(sent);
    if (!KEEPS_OPEN.test(bytes)) {
      const reply = await site.send(bytes);
      assert.ok(reply.closed, 'the connection is closed');
      return reply;
    }
    return site.send(bytes, { until: isWhole });
  };
  if (client.waitsForChallenge === true) {
    const asked = await send({ ...values, auth: '' });
    assert.equal(asked.statusLine, 'HTTP/1.1 401 Unauthorized');
    const challenges = header(asked, 'WWW-Authenticate');
    assert.equal(challenges.length, 1, 'one challenge');
    assert.match(challenges[0]!, /^Basic realm="[^"]+"$/);
  }
  return send(values);
}

const KEEPS_OPEN = /^Connection: keep-alive\r$/im;

/** Whether headers and as much of a body as they say are there. */
function isWhole(received: string): boolean {
  const end = received.indexOf('\r\n\r\n');
  const length = /^Content-Length: (\d+)\r$/im.exec(received)?.[1];
  return end >= 0 && received.length >= end + 4 + Number(length);
}

/** Another address, so that the next update has something to write, whatever the client sends. */
async function forget(site: PublishedSite, { name }: Client): Promise<void> {
  const { auth } = valuesWith();
  const reply = await site.get('/nic/update?hostname=home.example.test&myip=203.0.113.200', auth);
  assert.equal(reply.body, 'good 203.0.113.200\n', name);
}

/** What every one of them relies on, whatever it reads. */
function assertFraming(reply: Reply): void {
  assert.match(reply.statusLine, /^HTTP\/1\.1 \d{3} [A-Z]/, 'a reason phrase');
  assert.equal(reply.reads, 1, 'one segment');
  assert.ok(reply.raw.length < 1024, 'fits the smallest buffer');
  assert.equal(header(reply, 'Content-Length').length, 1);
  assert.deepEqual(header(reply, 'Transfer-Encoding'), []);
  assert.deepEqual(header(reply, 'Content-Encoding'), []);
}
