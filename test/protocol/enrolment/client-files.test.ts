/** `/clients/` and `/install.ps1` over a real socket: what is sent, what is not, and how much at once. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { type Socket, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, suite, test } from 'node:test';
import type { ClientsOptions } from '../../../src/http/clients/client-routes.ts';
import { parseServerUrl } from '../../../src/net/server-url.ts';
import { type Site, header, openSite } from '../site.ts';

const AGENT = randomBytes(3_000_000);
const SCRIPT =
  "\uFEFF# Büro\r\nparam()\r\n$HomingServer = ''   # homing:server\r\nWrite-Host $HomingServer\r\n";

async function openClients(
  t: TestContext,
  more: Partial<ClientsOptions> = {},
): Promise<Site & { directory: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'homing-clients-'));
  t.after(() => rm(directory, { recursive: true }));
  const files: Record<string, [Buffer, string]> = {
    'agent.bin': [AGENT, 'application/octet-stream'],
    'install.ps1': [Buffer.from(SCRIPT), 'text/plain; charset=utf-8'],
    'empty.txt': [Buffer.alloc(0), 'text/plain; charset=utf-8'],
  };
  const manifest = [];
  for (const [name, [bytes, type]] of Object.entries(files)) {
    await writeFile(join(directory, name), bytes);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    manifest.push({ name, bytes: bytes.length, sha256, type, about: `The <${name}>.` });
  }
  await writeFile(join(directory, 'manifest.json'), JSON.stringify(manifest));
  await writeFile(join(directory, 'secret.txt'), 'secret');
  const clients = { directory, installScript: join(directory, 'none.ps1'), publicUrl: () => null, ...more };
  return { ...(await openSite(t, { server: { clients } })), directory };
}

function get(site: Site, target: string, headers = 'Host: ddns.example.org\r\n', method = 'GET') {
  return site.send(`${method} ${target} HTTP/1.1\r\n${headers}\r\n`);
}

const ETAG = `"${createHash('sha256').update(AGENT).digest('hex')}"`;

suite('/clients/', () => {
  test('sends a file whole, with its checksum as entity tag, and 304 to who has it', async (t) => {
    const site = await openClients(t);
    const reply = await get(site, '/clients/agent.bin');
    assert.equal(reply.status, 200);
    assert.ok(Buffer.from(reply.body, 'latin1').equals(AGENT));
    assert.deepEqual(header(reply, 'Content-Length'), [String(AGENT.length)]);
    assert.deepEqual(header(reply, 'ETag'), [ETAG]);
    assert.deepEqual(header(reply, 'Content-Type'), ['application/octet-stream']);
    assert.deepEqual(header(reply, 'X-Content-Type-Options'), ['nosniff']);
    const known = await get(site, '/clients/agent.bin', `Host: h\r\nIf-None-Match: "x", ${ETAG}\r\n`);
    assert.deepEqual([known.status, known.body], [304, '']);
    const head = await get(site, '/clients/agent.bin', undefined, 'HEAD');
    assert.deepEqual([head.status, head.body], [200, '']);
    assert.deepEqual(header(head, 'Content-Length'), [String(AGENT.length)]);
    assert.deepEqual([(await get(site, '/clients/empty.txt')).body], ['']);
  });

  test('sends the range that is asked for, if it is of this file', async (t) => {
    const site = await openClients(t);
    const range = (text: string, more = '') =>
      get(site, '/clients/agent.bin', `Host: h\r\nRange: ${text}\r\n${more}`);
    const part = await range('bytes=1000-1999', `If-Range: ${ETAG}\r\n`);
    assert.equal(part.status, 206);
    assert.deepEqual(header(part, 'Content-Range'), [`bytes 1000-1999/${AGENT.length}`]);
    assert.ok(Buffer.from(part.body, 'latin1').equals(AGENT.subarray(1000, 2000)));
    const tail = await range('bytes=-5');
    assert.ok(Buffer.from(tail.body, 'latin1').equals(AGENT.subarray(-5)));
    assert.equal((await range(`bytes=${AGENT.length}-`)).status, 416);
    assert.equal((await range('bytes=0-9', 'If-Range: "older"\r\n')).status, 200);
    assert.equal((await range('bytes=0-1,5-6')).status, 200);
  });

  test('sends nothing that the manifest does not list', async (t) => {
    const site = await openClients(t);
    await symlink('/etc/hostname', join(site.directory, 'link'));
    const paths = [
      '/clients/secret.txt',
      '/clients/manifest.json',
      '/clients/link',
      '/clients/../package.json',
      '/clients/..%2fpackage.json',
      '/clients/%2e%2e/package.json',
      '/clients/sub/agent.bin',
      '/clients/..\\secret.txt',
      '/clients/agent.bin%00',
      '/clients/.',
    ];
    for (const path of paths) assert.notEqual((await get(site, path)).status, 200, path);
    assert.equal((await get(site, '/clients/secret.txt')).status, 404);
  });

  test('lists files and checksums, and takes a new build at once', async (t) => {
    const site = await openClients(t);
    const page = await get(site, '/clients/');
    assert.equal(page.status, 200);
    assert.match(page.body, /irm http:\/\/ddns\.example\.org\/install\.ps1 \| iex/);
    assert.match(page.body, /The &lt;agent\.bin&gt;\./);
    const sums = await get(site, '/clients/checksums.txt');
    assert.equal(sums.body.split('\n')[0], `${ETAG.slice(1, -1)}  agent.bin`);
    await writeFile(join(site.directory, 'agent.bin'), 'half a build');
    const half = await get(site, '/clients/agent.bin');
    assert.deepEqual([half.status, header(half, 'Retry-After')], [503, ['10']]);
    await writeFile(join(site.directory, 'manifest.json'), '[]');
    assert.equal((await get(site, '/clients/agent.bin')).status, 404);
    await writeFile(join(site.directory, 'manifest.json'), '[{"name":"../x","bytes":1}]');
    assert.match((await get(site, '/clients')).body, /No clients have been built/);
    await get(site, '/clients');
    const told = site.log.filter(({ message }) => message === 'there are no client files to serve');
    assert.equal(told.length, 1);
    assert.equal((await get(site, '/clients/checksums.txt')).status, 404);
  });

  test('sends so many at once and no more, and takes nobody who takes nothing', async (t) => {
    const site = await openClients(t, {
      limits: { atOnce: 2, perNetwork: 2, idleMs: 300, leastPace: 8192 },
    });
    // More than the system keeps in its buffers for a client that does not read.
    const bytes = 256 * 1024 * 1024;
    await writeFile(join(site.directory, 'big.bin'), '');
    await truncate(join(site.directory, 'big.bin'), bytes);
    const big = {
      name: 'big.bin',
      bytes,
      sha256: '0'.repeat(64),
      type: 'application/octet-stream',
      about: '',
    };
    await writeFile(join(site.directory, 'manifest.json'), JSON.stringify([big]));
    const sockets: Socket[] = [];
    for (let i = 0; i < 2; i++) {
      const socket = connect(site.port, '127.0.0.1');
      t.after(() => socket.destroy());
      sockets.push(socket);
      socket.on('error', () => undefined);
      await new Promise<void>((resolve) => {
        // Reads the first bytes and then nothing more.
        socket.once('readable', () => {
          resolve();
        });
        socket.write('GET /clients/big.bin HTTP/1.1\r\nHost: h\r\n\r\n');
      });
    }
    const third = await get(site, '/clients/big.bin');
    assert.deepEqual([third.status, header(third, 'Retry-After')], [503, ['10']]);
    assert.equal((await get(site, '/ip')).status, 200);
    const deadline = performance.now() + 5000;
    const first = 'Host: h\r\nRange: bytes=0-9\r\n';
    while ((await get(site, '/clients/big.bin', first)).status !== 206) {
      assert.ok(performance.now() < deadline, 'the two that take nothing keep their places');
      await new Promise((wake) => setTimeout(wake, 20));
    }
    // What the system had for them they may still read, and then comes the end.
    for (const socket of sockets) {
      const closed = new Promise((resolve) => socket.on('close', resolve));
      socket.resume();
      await closed;
    }
  });
});

test('/clients/ keeps places for other networks, and takes nobody who creeps', async (t) => {
  const site = await openClients(t, {
    limits: { atOnce: 4, perNetwork: 1, idleMs: 400, leastPace: 300 * 1024 * 1024 },
  });
  const bytes = 256 * 1024 * 1024;
  await writeFile(join(site.directory, 'big.bin'), '');
  await truncate(join(site.directory, 'big.bin'), bytes);
  const type = 'application/octet-stream';
  const big = { name: 'big.bin', bytes, sha256: '0'.repeat(64), type, about: '' };
  await writeFile(join(site.directory, 'manifest.json'), JSON.stringify([big]));
  const socket = connect(site.port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.on('error', () => undefined);
  const closed = new Promise((resolve) => socket.on('close', resolve));
  socket.write('GET /clients/big.bin HTTP/1.1\r\nHost: h\r\n\r\n');
  // A little again and again: never idle, never done.
  let taken = 0;
  const creep = setInterval(() => {
    taken += (socket.read(Math.min(65_536, socket.readableLength)) as Buffer | null)?.length ?? 0;
  }, 20);
  t.after(() => {
    clearInterval(creep);
  });
  await new Promise((resolve) => socket.once('readable', resolve));
  assert.equal((await get(site, '/clients/big.bin')).status, 503, 'the second of the same network');
  const first = 'Host: h\r\nRange: bytes=0-9\r\n';
  const deadline = performance.now() + 5000;
  while ((await get(site, '/clients/big.bin', first)).status !== 206) {
    assert.ok(performance.now() < deadline, 'the one that creeps keeps its place');
    await new Promise((wake) => setTimeout(wake, 20));
  }
  clearInterval(creep);
  assert.ok(taken < bytes);
  socket.resume();
  await closed;
});

suite('/install.ps1', () => {
  test('has the address in it under which it was asked for, and no byte order mark', async (t) => {
    const site = await openClients(t);
    const reply = await get(site, '/install.ps1', 'Host: DDNS.example.org:8080\r\n');
    assert.equal(reply.status, 200);
    assert.deepEqual(header(reply, 'Content-Type'), ['text/plain; charset=utf-8']);
    assert.deepEqual(header(reply, 'Cache-Control'), ['no-store']);
    assert.equal(
      Buffer.from(reply.body, 'latin1').toString('utf8'),
      SCRIPT.slice(1).replace("''", "'http://DDNS.example.org:8080'"),
    );
  });

  test('has the address of the settings in it where there is one', async (t) => {
    const url = parseServerUrl('https://ddns.example.net');
    assert.ok(url.ok);
    const site = await openClients(t, { publicUrl: () => url.value });
    assert.match(
      (await get(site, '/install.ps1', 'Host: evil\r\n')).body,
      /= 'https:\/\/ddns\.example\.net' /,
    );
  });

  test('is not sent to a host that is none: it is going to be run', async (t) => {
    const site = await openClients(t);
    for (const host of [
      "a'; calc '",
      'a b',
      'a$(calc)',
      'a`b',
      '',
      'a:b',
      '[::1',
      '[x]',
      'ä',
      'a/b',
      '"',
      '-a',
      'a@b',
    ])
      assert.equal((await get(site, '/install.ps1', `Host: ${host}\r\n`)).status, 400, host);
    assert.match(
      (await get(site, '/install.ps1', 'Host: [2001:db8::1]:80\r\n')).body,
      /'http:\/\/\[2001:db8::1\]:80'/,
    );
  });

  test('comes from its source where nothing was built, and is refused where it has no such line', async (t) => {
    const site = await openClients(t);
    await writeFile(join(site.directory, 'manifest.json'), '[]');
    assert.equal((await get(site, '/install.ps1')).status, 404);
    await writeFile(join(site.directory, 'none.ps1'), SCRIPT);
    assert.match((await get(site, '/install.ps1')).body, /'http:\/\/ddns\.example\.org'/);
    await writeFile(join(site.directory, 'none.ps1'), 'Write-Host hello');
    assert.equal((await get(site, '/install.ps1')).status, 503);
  });
});
