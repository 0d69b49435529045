/** What is far beyond any client: each ends within limits with a clear answer, and the next client is served. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { basic, header, send } from '../site.ts';
import { type PublishedSite, attempts, openPublishedSite } from './published-site.ts';

const AUTH = basic('alice', 'AllToken');
const TARGET = '/nic/update?hostname=home.example.test&myip=198.51.100.7';

async function assertServes(site: PublishedSite): Promise<void> {
  assert.match((await site.get(TARGET, AUTH)).body, /^(?:good|nochg) 198\.51\.100\.7\n$/);
}

describe('bad input', () => {
  it('of more hosts than may be: one answer, nothing changed, in every dialect that takes lists', async (t) => {
    const site = await openPublishedSite(t);
    const hosts = Array.from({ length: 1000 }, (_, i) => `h${i}.example.test`);
    const list = ['home.example.test', ...hosts.slice(0, 20)].join(',');
    assert.equal((await site.get(`/nic/update?hostname=${list}&myip=198.51.100.7`, AUTH)).body, 'numhost\n');
    assert.equal((await site.get(`/update?domains=${list}&token=AllToken&ip=198.51.100.7`)).body, 'KO');
    assert.equal((await site.get(`/update?domains=${list}&token=AllToken&txt=x`)).body, 'KO');
    const body = `hostname=${hosts.slice(0, 900).join(',')}`;
    const form = await site.post(
      '/nic/update',
      body,
      `${AUTH}Content-Type: application/x-www-form-urlencoded\r\n`,
    );
    assert.equal(form.body, form.status === 413 ? 'The body is too large.\n' : 'numhost\n');
    assert.equal(site.published('home.example.test'), '- -');
    await assertServes(site);
  });

  it('of 64 KiB in the URL or in a header: 431 and the end', async (t) => {
    const site = await openPublishedSite(t);
    for (const request of [
      `GET /update?domains=${'x'.repeat(65_536)} HTTP/1.1\r\nHost: d\r\n\r\n`,
      `GET /u/${'x'.repeat(65_536)} HTTP/1.1\r\nHost: d\r\n\r\n`,
      `POST /update HTTP/1.1\r\nHost: d\r\nX-Api-Key: ${'x'.repeat(65_536)}\r\n\r\n`,
    ]) {
      const reply = await site.send(request);
      assert.equal(reply.statusLine, 'HTTP/1.1 431 Request Header Fields Too Large');
      assert.ok(reply.closed);
      await assertServes(site);
    }
  });

  it('of 10,000 parameters, in the query and in a body: the first count, in no more time than one', async (t) => {
    const site = await openPublishedSite(t, {
      server: { limits: { headerBytes: 128 * 1024, bodyBytes: 128 * 1024 } },
    });
    const many = Array.from({ length: 10_000 }, (_, i) => `p${i}=${i}`).join('&');
    const start = performance.now();
    assert.equal((await site.get(`${TARGET}&${many}`, AUTH)).body, 'good 198.51.100.7\n');
    assert.equal((await site.get(`/nic/update?${many}&${TARGET.slice(12)}`, AUTH)).body, 'notfqdn\n');
    assert.equal((await site.get(`/update?domains=home&token=HomeToken&ip=198.51.100.7&${many}`)).body, 'OK');
    const form = 'Content-Type: application/x-www-form-urlencoded\r\n';
    assert.equal((await site.post(TARGET, many, AUTH + form)).body, 'nochg 198.51.100.7\n');
    const json = `{${Array.from({ length: 5_000 }, (_, i) => `"p${i}":"${i}"`).join()}}`;
    assert.equal((await site.post('/present', json, AUTH)).status, 400);
    assert.ok(performance.now() - start < 3_000);
    assert.equal(attempts(site).length, 5);
  });

  it('of JSON that is deep, large or none: an answer for its dialect', async (t) => {
    const site = await openPublishedSite(t);
    for (const body of [
      '['.repeat(8_000),
      `{"fqdn":${'['.repeat(4_000)}${']'.repeat(4_000)}}`,
      'null',
      '"x"',
      '\0',
      '{"fqdn":1e999}',
    ])
      assert.equal((await site.post('/present', body, AUTH)).status, 400);
    assert.equal((await site.post('/present', 'x'.repeat(17_000), AUTH)).status, 413);
    await assertServes(site);
  });

  it('in HTTP/2, in TLS or in no protocol: 400, the end, and one line in the log that says what it was', async (t) => {
    const site = await openPublishedSite(t);
    for (const [request, reason] of [
      ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'HTTP/2, which is not served'],
      ['\x16\x03\x01\x00\xf8\x01\x00\x00\xf4\x03\x03', 'TLS on a port that speaks plain HTTP'],
      ['hello AllToken\r\n\r\n', 'HPE_INVALID_METHOD'],
    ] as const) {
      const reply = await site.send(request);
      assert.equal(reply.statusLine, 'HTTP/1.1 400 Bad Request');
      assert.ok(reply.closed);
      const lines = site.log.splice(0);
      assert.deepEqual(
        lines.map(({ level, fields, message }) => ({ level, ...fields, message })),
        [{ level: 'info', source: '127.0.0.1', status: 400, reason, message: 'unreadable request' }],
      );
      await assertServes(site);
      site.log.length = 0;
    }
  });

  it('over a socket that is closed on one side: the answer still comes', async (t) => {
    const site = await openPublishedSite(t);
    const received = await new Promise<string>((resolve, reject) => {
      const socket = connect({ port: site.port, host: '127.0.0.1', allowHalfOpen: true });
      let text = '';
      socket.on('data', (chunk) => (text += chunk.toString('latin1')));
      socket.on('end', () => {
        socket.destroy();
        resolve(text);
      });
      socket.on('error', reject);
      socket.end(`GET ${TARGET} HTTP/1.0\r\n${AUTH}\r\n`);
    });
    assert.match(received, /^HTTP\/1\.1 200 OK\r\n[^]*good 198\.51\.100\.7\n$/);
    await assertServes(site);
  });

  it('that ends in the middle, slowly or at once: nothing is changed and the next client is served', async (t) => {
    const site = await openPublishedSite(t, {
      server: { limits: { headersTimeout: 300, requestTimeout: 600 } },
    });
    const request = `POST /update HTTP/1.1\r\nHost: d\r\nX-Api-User: alice\r\nX-Api-Key: HomeToken\r\nContent-Length: 100\r\n\r\n{"subdomain"`;
    const slow = send({ address: '127.0.0.1', port: site.port }, '', {
      pieces: request.match(/[^]{1,40}/g)!,
    });
    for (const length of [1, 40, 80, request.length]) {
      await new Promise<void>((resolve) => {
        const socket = connect(site.port, '127.0.0.1', () => {
          socket.end(request.slice(0, length), () => socket.destroy());
        });
        socket
          .on('error', () => undefined)
          .on('close', () => {
            resolve();
          });
      });
    }
    await assertServes(site);
    const reply = await slow;
    assert.equal(reply.statusLine, 'HTTP/1.1 408 Request Timeout');
    assert.equal(await site.resolve('home.example.test', 'TXT'), 'none');
  });

  it('in a row on one connection: answered in order, each dialect in its own words', async (t) => {
    const site = await openPublishedSite(t);
    const get = (target: string, connection = 'keep-alive'): string =>
      `GET ${target} HTTP/1.1\r\nHost: d\r\nConnection: ${connection}\r\n\r\n`;
    const reply = await site.send(
      get('/update?domains=home&token=HomeToken&ip=198.51.100.7') +
        get('/u/HomeToken/?ip=198.51.100.7') +
        get('/nowhere') +
        get('/api/update?zone=home&token=HomeToken&ipv4=198.51.100.8', 'close'),
    );
    assert.match(
      reply.raw,
      /OKHTTP[^]*No IP change detected for home[^]*There is nothing at this path[^]*addresses updated$/,
    );
    assert.deepEqual(header(reply, 'Connection'), ['keep-alive']);
    assert.ok(reply.closed);
  });
});
