/** The transcripts, line by line, over real sockets: what the agent makes of each reply and of each source's answer. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { ServerConfig } from '../../clients/agent/src/config/agent-config.ts';
import { look } from '../../clients/agent/src/detect/look.ts';
import { type Connections, createConnections } from '../../clients/agent/src/http/connections.ts';
import type { Outcome } from '../../clients/agent/src/update/reply.ts';
import { sendUpdate } from '../../clients/agent/src/update/request.ts';
import { canIssue, createAuthority } from '../clients/scripted/certificates.ts';
import { readCases } from '../clients/scripted/reply.ts';
import { startScriptedServer } from '../clients/scripted/server.ts';
import { listenAs } from '../clients/scripted/source.ts';
import { type Ended, newHome, runHere } from './agent-here.ts';

const SECRET = 'a secret of 24 characters';
const TIMEOUT_MS = 1_000;

const directory = mkdtempSync(join(tmpdir(), 'homing-transcripts-'));
after(() => {
  rmSync(directory, { recursive: true, force: true });
});
const authority = canIssue() ? createAuthority(directory) : undefined;

function serverAt(url: string, more: Partial<ServerConfig> = {}): ServerConfig {
  return {
    name: 'home',
    url,
    path: '/nic/update',
    user: 'alice',
    secret: { kind: 'text', text: SECRET },
    proxy: 'none',
    connectTimeoutMs: 2000,
    requestTimeoutMs: TIMEOUT_MS,
    families: 'together',
    ...more,
  };
}

async function withConnections<T>(
  server: ServerConfig,
  use: (connections: Connections) => Promise<T>,
): Promise<T> {
  const connections = createConnections(server, { proxy: {}, platform: 'linux' });
  try {
    return await use(connections);
  } finally {
    await connections.close();
  }
}

function update(server: ServerConfig, addresses: readonly string[]): Promise<Outcome> {
  const userAgent = 'Homing-Agent/1 (TypeScript; Linux)';
  return withConnections(server, (connections) =>
    sendUpdate(
      { server, secret: SECRET, host: 'pc.dyn.example.org', addresses, userAgent },
      { connections, signal: new AbortController().signal, now: Date.now },
    ),
  );
}

test('replies to an update', { concurrency: 8 }, async (t) => {
  await Promise.all(
    readCases('replies.jsonl').map((entry) =>
      t.test(`${entry.clause} ${entry.name}`, async (t) => {
        const { reply, expect } = entry;
        if (reply.tls !== undefined && authority === undefined) {
          t.skip('needs openssl');
          return;
        }
        const server = await startScriptedServer({
          script: reply,
          ...(authority === undefined ? {} : { authority }),
        });
        t.after(() => server.close());
        const ca = reply.tls === undefined ? {} : { ca: authority!.root };
        // Whoever has to hear that nothing comes waits little; whoever waits for octets may be slow.
        const patience = expect.code === 'timeout' ? TIMEOUT_MS : 10_000;
        const outcome = await update(
          serverAt(server.url, { ...ca, requestTimeoutMs: patience }),
          entry.sent.split(','),
        );
        assert.deepEqual(
          [outcome.kind, outcome.code],
          [expect.outcome, expect.code],
          JSON.stringify(outcome),
        );
        const wait = outcome.kind === 'done' ? undefined : outcome.retryAfterMs;
        assert.equal(wait === undefined ? undefined : wait / 1000, expect.retryAfterSeconds);
        assert.ok(!JSON.stringify(outcome).includes(SECRET), 'A-6.4');
        assert.equal(server.otherRequests.length, 0, 'A-3.5');
      }),
    ),
  );
});

test('answers of an HTTP source', { concurrency: 8 }, async (t) => {
  await Promise.all(
    readCases('sources.jsonl').map((entry) =>
      t.test(`${entry.family}: ${entry.name}`, async (t) => {
        const host = entry.family === 'ipv4' ? '127.0.0.1' : '::1';
        const server = await startScriptedServer({ script: entry.reply, host });
        t.after(() => server.close());
        const place = serverAt(server.url);
        const { address, answers } = await withConnections(place, (connections) =>
          look(
            {
              key: 'k',
              family: entry.family,
              allowPrivate: false,
              server: place,
              detection: {
                byDefault: false,
                quorum: 1,
                // Whoever has to hear that nothing comes waits little.
                timeoutMs: entry.reply.silent === true ? TIMEOUT_MS : 10_000,
                sources: [{ kind: 'http', url: `${server.url}/` }],
              },
            },
            {
              connections,
              userAgent: 'test',
              interfaces: () => Promise.resolve([]),
              before: undefined,
              signal: new AbortController().signal,
            },
          ),
        );
        assert.equal(address ?? null, entry.expect, JSON.stringify(answers));
        assert.equal(server.requests.length, 1, 'asked once');
        assert.equal(server.requests[0]!.headers['authorization'], undefined);
      }),
    ),
  );
});

test('what several sources come to', { concurrency: 8 }, async (t) => {
  await Promise.all(
    readCases('quorum.jsonl').map((entry) =>
      t.test(`${entry.clause} ${entry.name}`, async (t) => {
        if (entry.server.tls !== undefined && authority === undefined) {
          t.skip('needs openssl');
          return;
        }
        const urls = await Promise.all(
          [entry.server, ...entry.others].map((source) => listenAs(t, source, authority)),
        );
        const ca = entry.server.tls === undefined ? {} : { ca: authority!.root };
        const place = serverAt(urls[0]!, ca);
        const [start, ended] = [performance.now(), new AbortController()];
        let took = 0;
        const { address, answers } = await withConnections(place, (connections) =>
          look(
            {
              key: 'k',
              family: 'ipv4',
              allowPrivate: false,
              server: place,
              detection: {
                byDefault: entry.configured !== true,
                quorum: 2,
                // Whoever has to hear that nothing comes waits little.
                timeoutMs:
                  entry.soon !== true && entry.others.some(({ silent }) => silent === true) ? 3000 : 30_000,
                sources: [
                  { kind: 'server' },
                  ...urls.slice(1).map((url) => ({ kind: 'http', url: `${url}/` }) as const),
                ],
              },
            },
            {
              connections,
              userAgent: 'test',
              interfaces: () => Promise.resolve([]),
              before: undefined,
              signal: ended.signal,
            },
          ).finally(() => {
            took = performance.now() - start;
            ended.abort();
          }),
        );
        assert.equal(address ?? null, entry.expect, JSON.stringify(answers));
        if (entry.soon === true) assert.ok(took < 20_000, `after ${took} ms`);
      }),
    ),
  );
});

test('A-1.8 with nothing configured and nothing but its server in reach, a machine finds its address', async (t) => {
  const server = await startScriptedServer({ script: { status: 200, body: '9.9.9.9\n' } });
  t.after(() => server.close());
  const home = newHome(t, SECRET);
  const settings = `url: '${server.url}', secret: { file: '${home.secretFile}' }`;
  home.write(
    'agent.yaml',
    `servers: { home: { ${settings} } }\nhosts: [{ name: pc.example.org, ipv6: false }]\n`,
  );
  // Nothing listens there, and the other default sources are asked through it.
  const env = { HTTPS_PROXY: 'http://127.0.0.1:9' };
  const ask = (): Promise<Ended> => runHere(home, ['detect', ...home.places], { env });
  assert.match((await ask()).stdout, /^IPv4 \(home\): 9\.9\.9\.9\n/);
  home.write('agent.json', '{}');
  assert.match(
    (await runHere(home, ['check', ...home.places])).stderr,
    /agent\.json is not used: .*agent\.yaml is\./,
  );
  server.say({ status: 200, body: '10.0.0.1\n' });
  assert.match((await ask()).stdout, /^IPv4 \(home\): no 2 sources agree\n/);
});

test('A-3.1 the request is what the clause says, and its secret stands in one place', async (t) => {
  const server = await startScriptedServer({ script: { status: 200, body: 'good 9.9.9.9\n' } });
  t.after(() => server.close());
  await update(serverAt(server.url, { user: 'älice' }), ['9.9.9.9', '2620:fe::fe']);
  const [request] = server.requests;
  assert.equal(request!.method, 'GET');
  assert.equal(request!.path, '/nic/update?hostname=pc.dyn.example.org&myip=9.9.9.9,2620:fe::fe');
  const basic = Buffer.from(`älice:${SECRET}`, 'utf8').toString('base64');
  assert.equal(request!.headers['authorization'], `Basic ${basic}`);
  assert.match(request!.headers['user-agent']!, /^Homing-Agent\/\S+ \(TypeScript; \w+\)$/);
  assert.equal(request!.body, '');
});

test('A-3.2 a connection is used again, until the network is another one', async (t) => {
  const server = await startScriptedServer({ script: { status: 200, body: 'good 9.9.9.9\n' } });
  t.after(() => server.close());
  const place = serverAt(server.url);
  await withConnections(place, async (connections) => {
    const means = { connections, signal: new AbortController().signal, now: Date.now };
    const request = {
      server: place,
      secret: SECRET,
      host: 'a.example',
      addresses: ['9.9.9.9'],
      userAgent: 'x',
    };
    for (let n = 0; n < 6; n++) assert.equal((await sendUpdate(request, means)).kind, 'done');
    connections.renew();
    await sendUpdate(request, means);
  });
  const used = server.requests.map(({ connection }) => connection);
  // The pool may open a second one while the first is being put back.
  assert.ok(new Set(used.slice(0, 6)).size <= 2, `six requests on connections ${used.join()}`);
  assert.ok(!used.slice(0, 6).includes(used[6]!), 'a new network gets a new connection');
});

test('A-3.2 connecting ends in time, TLS included, however long the whole exchange may take', async (t) => {
  const mute = createServer();
  mute.listen(0, '127.0.0.1');
  await once(mute, 'listening');
  t.after(() => mute.close());
  const { port } = mute.address() as AddressInfo;
  const place = serverAt(`https://127.0.0.1:${port}`, { connectTimeoutMs: 300, requestTimeoutMs: 60_000 });
  const start = performance.now();
  assert.equal((await update(place, ['9.9.9.9'])).code, 'timeout');
  assert.ok(performance.now() - start < 20_000);
});

test(
  'A-3.3 a client certificate is presented',
  { skip: authority === undefined && 'needs openssl' },
  async (t) => {
    const script = { tls: 'good', status: 200, body: 'good 9.9.9.9\n' } as const;
    const server = await startScriptedServer({ script, authority: authority!, askCertificate: true });
    t.after(() => server.close());
    const { certificate, key } = authority!.client();
    const place = serverAt(server.url, { ca: authority!.root, requestTimeoutMs: 10_000 });
    assert.equal((await update(place, ['9.9.9.9'])).kind, 'done');
    const own = { ...place, clientCertificate: certificate, clientKey: key };
    assert.equal((await update(own, ['9.9.9.9'])).kind, 'done');
    assert.deepEqual(server.peers, ['', 'client']);
  },
);

test('A-3.4 requests go through the proxy that is set, and a proxy that wants a password is told apart', async (t) => {
  const proxy = await startScriptedServer({ script: { status: 200, body: 'good 9.9.9.9\n' } });
  t.after(() => proxy.close());
  const here = await startScriptedServer({ script: { status: 200, body: 'good 9.9.9.9\n' } });
  t.after(() => here.close());
  assert.equal((await update(serverAt(here.url, { proxy: proxy.url }), ['9.9.9.9'])).kind, 'done');
  assert.deepEqual([here.requests.length, proxy.requests.length], [1, 0], 'what is here is asked directly');
  const place = serverAt('http://ddns.invalid', { proxy: proxy.url });
  assert.equal((await update(place, ['9.9.9.9'])).kind, 'done');
  assert.match(proxy.requests[0]!.path, /^http:\/\/ddns\.invalid\/nic\/update\?/);
  proxy.say({ status: 407, headers: { 'proxy-authenticate': 'Basic realm="x"' }, body: '' });
  assert.deepEqual((await update(place, ['9.9.9.9'])).code, 'proxy', 'plain');
  const tunnel = await update(serverAt('https://ddns.invalid', { proxy: proxy.url }), ['9.9.9.9']);
  assert.equal(tunnel.code, 'proxy', 'tunnel');
  assert.equal(proxy.requests.at(-1)!.method, 'CONNECT');
  assert.equal(proxy.requests.at(-1)!.headers['authorization'], undefined);
});
