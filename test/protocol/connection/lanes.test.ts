/**
 * The two lanes of HTTP: a plain update is read by the fast lane, the same with an empty line before it by Node's
 * server, and no client can tell. And how a connection goes from the one to the other, and ends.
 */
import assert from 'node:assert/strict';
import { subscribe } from 'node:diagnostics_channel';
import { type Socket, connect } from 'node:net';
import { describe, it } from 'node:test';
import type { Authenticator } from '../../../src/account/authenticator.ts';
import { type Site, type SiteOptions, basic, openBacking, openSite } from '../site.ts';

const SITE = {
  hosts: ['home.example.test', 'nas.example.test', 'theirs.example.test=bob'],
  accounts: { alice: 's3cret', bob: null },
  tokens: { 'token-of-alice': null },
} satisfies SiteOptions;
const TOKEN = basic('alice', 'token-of-alice');
const HOME = '/nic/update?hostname=home.example.test';
const KEEP = 'Connection: keep-alive\r\n';

function get(target: string, headers = ''): string {
  return `GET ${target} HTTP/1.1\r\nHost: ddns.example.test\r\n${headers}\r\n`;
}

/** A connection that a test writes to piece by piece. */
class Client {
  readonly socket: Socket;
  received = '';
  readonly closed: Promise<void>;

  constructor(site: Site) {
    this.socket = connect({ port: site.port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    this.socket.on('data', (chunk) => (this.received += chunk.toString('latin1')));
    this.socket.on('end', () => this.socket.end());
    this.socket.on('error', () => undefined);
    this.closed = new Promise((resolve) =>
      this.socket.once('close', () => {
        resolve();
      }),
    );
  }

  write(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** Waits until this much text arrived; rejects when the connection ends before. */
  async until(part: string, times = 1): Promise<void> {
    const end = this.closed.then(() => 'closed' as const);
    while (this.received.split(part).length <= times) {
      const next = await Promise.race([end, new Promise((resolve) => setTimeout(resolve, 2))]);
      if (next === 'closed') assert.ok(this.received.split(part).length > times, this.received);
    }
  }
}

/** The requests that went through Node's HTTP server, which says so itself. */
let throughNode = 0;
subscribe('http.server.request.start', () => throughNode++);

describe('the lanes of HTTP', () => {
  for (const [what, target, headers] of [
    ['an address', `${HOME}&myip=192.0.2.1`, TOKEN],
    ['the same address again', `${HOME}&myip=192.0.2.1`, TOKEN],
    [
      'two hosts and a notice',
      '/nic/update?hostname=home.example.test,nas.example.test&myip=192.0.2.1',
      TOKEN,
    ],
    ['a host of somebody else', '/nic/update?hostname=theirs.example.test&myip=192.0.2.1', TOKEN],
    ['a host that is none', '/nic/update?hostname=no.example.test&myip=192.0.2.1', TOKEN],
    ['no host', '/nic/update?myip=192.0.2.1', TOKEN],
    ['an address that is none', `${HOME}&myip=192.0.2.300`, TOKEN],
    ['an address that is not public', `${HOME}&myip=127.0.0.1`, TOKEN],
    ['no credentials', `${HOME}&myip=192.0.2.1`, ''],
    ['a wrong password', `${HOME}&myip=192.0.2.1`, basic('alice', 'wrong')],
    ['a password', `${HOME}&myip=192.0.2.1`, basic('alice', 's3cret')],
    ['credentials in the URL', `${HOME}&myip=192.0.2.1&username=alice&password=token-of-alice`, ''],
    ['DuckDNS', '/update?domains=home&token=token-of-alice&ip=192.0.2.1', ''],
    ['dynv6', '/api/update?hostname=home.example.test&token=token-of-alice&ipv4=192.0.2.1', ''],
    ['a user agent in Latin-1', `${HOME}&myip=192.0.2.1`, `${TOKEN}User-Agent: ger\xe4t\r\n`],
  ] as const)
    for (const connection of ['', KEEP, 'Connection: close\r\n'])
      it(`answer alike: ${what}${connection === '' ? '' : `, ${connection.trim()}`}`, async (t) => {
        const replies = [];
        for (const lane of ['fast', 'node']) {
          throughNode = 0;
          const site = await openSite(t, SITE);
          const request = get(target, headers + connection);
          const client = new Client(site);
          // An empty line before a request (D-8.4) is nothing that the fast lane reads.
          client.write(lane === 'fast' ? request : `\r\n${request}`);
          if (connection === KEEP) {
            await client.until('\r\n\r\n');
            client.socket.end();
          }
          await client.closed;
          assert.equal(throughNode, lane === 'fast' ? 0 : 1);
          const entries = site.log.map(({ level, fields, message }) => ({
            level,
            message,
            ...fields,
            requestId: '',
            durationMs: 0,
          }));
          replies.push({ text: client.received.replace(/Date: [^\r]+/, 'Date: now'), entries });
        }
        assert.match(replies[0]!.text, /^HTTP\/1\.1 \d{3} /);
        assert.deepEqual(replies[0], replies[1]);
      });

  it('goes on in the other lane with the first request that is more than an update, and stays there', async (t) => {
    const site = await openSite(t, SITE);
    const client = new Client(site);
    throughNode = 0;
    client.write(get(`${HOME}&myip=192.0.2.1`, TOKEN + KEEP));
    await client.until('good 192.0.2.1\n');
    client.write(get(`${HOME}&myip=192.0.2.2`, TOKEN + KEEP));
    await client.until('good 192.0.2.2\n');
    assert.equal(throughNode, 0);
    client.write(get('/ip', KEEP));
    await client.until('127.0.0.1\n');
    client.write(get(`${HOME}&myip=192.0.2.2`, TOKEN));
    await client.closed;
    assert.match(client.received, /nochg 192\.0\.2\.2\n$/);
    assert.equal(throughNode, 2);
  });

  it('does what was sent ahead in order, whichever lane it is for (D-8.8)', async (t) => {
    const site = await openSite(t, SITE);
    const client = new Client(site);
    // The first waits for a password, so that the others arrive meanwhile.
    client.write(get(`${HOME}&myip=192.0.2.1`, basic('alice', 's3cret') + KEEP));
    await new Promise((resolve) => setTimeout(resolve, 1));
    client.write(get(`${HOME}&myip=192.0.2.2`, TOKEN + KEEP));
    client.write(get('/ip', KEEP) + get(`${HOME}&myip=192.0.2.3`, TOKEN + KEEP));
    await new Promise((resolve) => setTimeout(resolve, 1));
    client.write(get(`${HOME}&myip=192.0.2.4`, TOKEN));
    await client.closed;
    assert.deepEqual(client.received.match(/^(?:good |nochg )?\d+\.\d+\.\d+\.\d+$/gm), [
      'good 192.0.2.1',
      'good 192.0.2.2',
      '127.0.0.1',
      'good 192.0.2.3',
      'good 192.0.2.4',
    ]);
    assert.equal(site.published('home.example.test'), '192.0.2.4 -');
  });

  it('answers a client that has closed its side behind the request', async (t) => {
    const site = await openSite(t, SITE);
    for (const proof of [TOKEN, basic('alice', 's3cret')]) {
      const client = new Client(site);
      client.socket.end(get(`${HOME}&myip=192.0.2.9`, proof + KEEP), 'latin1');
      await client.closed;
      assert.match(client.received, /(?:good|nochg) 192\.0\.2\.9\n$/);
    }
  });

  for (const [lane, before] of [
    ['fast', ''],
    ["Node's", '\r\n'],
  ] as const)
    it(`applies nothing of what comes behind a request after which it closes: ${lane} lane (D-8.8)`, async (t) => {
      const site = await openSite(t, SITE);
      const client = new Client(site);
      client.write(before + get(`${HOME}&myip=192.0.2.1`, basic('alice', 's3cret')));
      await new Promise((resolve) => setTimeout(resolve, 1));
      client.write(get(`${HOME}&myip=192.0.2.2`, TOKEN + KEEP));
      await client.closed;
      assert.equal(site.published('home.example.test'), '192.0.2.1 -');
    });

  it('tells a client that sends nothing, and closes a connection that has become idle without a word', async (t) => {
    const limits = { headersTimeout: 100, keepAliveTimeout: 100 };
    const site = await openSite(t, { ...SITE, server: { limits } });
    const silent = new Client(site);
    const idle = new Client(site);
    idle.write(get(`${HOME}&myip=192.0.2.1`, TOKEN + KEEP));
    await Promise.all([silent.closed, idle.closed]);
    assert.match(silent.received, /^HTTP\/1\.1 408 /);
    assert.match(idle.received, /^HTTP\/1\.1 200 [^]*good 192\.0\.2\.1\n$/);
  });

  it('closes idle connections at the end, and others behind their reply', async (t) => {
    const { app, close } = await openBacking(SITE);
    t.after(close);
    let begun: () => void;
    const underWay = new Promise<void>((resolve) => (begun = resolve));
    let release: () => void;
    const released = new Promise<void>((resolve) => (release = resolve));
    const held: Authenticator = {
      identify: (secret) => app.authenticator.identify(secret),
      authenticate: async (credentials, source) => {
        begun();
        await released;
        return app.authenticator.authenticate(credentials, source);
      },
    };
    const site = await openSite(t, { ...SITE, server: { ...app, authenticator: held } });
    const idle = new Client(site);
    idle.write(get(HOME, KEEP)); // without credentials, for which nobody is asked
    await idle.until('badauth');
    const busy = new Client(site);
    busy.write(get(`${HOME}&myip=192.0.2.2`, TOKEN + KEEP));
    await underWay;
    const stopped = site.server.stop({ graceMs: 5_000 });
    await idle.closed;
    release!();
    await Promise.all([stopped, busy.closed]);
    assert.match(busy.received, /Connection: close\r\n[^]*good 192\.0\.2\.2\n$/);
  });

  it('survives clients that vanish at any moment', async (t) => {
    const site = await openSite(t, SITE);
    const request = get(`${HOME}&myip=192.0.2.1`, basic('alice', 's3cret') + KEEP);
    for (let cut = 0; cut <= 20; cut++) {
      const client = new Client(site);
      client.write(request.slice(0, Math.ceil((request.length * cut) / 20)));
      if (cut % 2 === 0) await new Promise((resolve) => setTimeout(resolve, cut / 4));
      client.socket.resetAndDestroy();
    }
    const client = new Client(site);
    client.write(get(`${HOME}&myip=192.0.2.5`, TOKEN));
    await client.closed;
    assert.match(client.received, /good 192\.0\.2\.5\n$/);
  });
});
