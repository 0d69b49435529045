/** How replies are framed and connections end (D-8), over raw sockets. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SUCCESS_WORDS } from '../../../src/http/reply.ts';
import { basic, header, openSite } from '../site.ts';

const AUTH = basic('alice', 's3cret');
const TARGET = '/nic/update?hostname=home.example.test&myip=198.51.100.7';
const SITE = { hosts: ['home.example.test'], accounts: { alice: 's3cret' } };

function get(headers: string, version = '1.1', target = TARGET): string {
  return `GET ${target} HTTP/${version}\r\n${headers}\r\n`;
}

describe('framing', () => {
  it('sends a reply whole: one segment, a length, plain text, nothing to cache or decode (D-8.1, D-8.2)', async (t) => {
    const site = await openSite(t, SITE);
    const reply = await site.send(get(`Host: d\r\n${AUTH}Accept-Encoding: gzip, br\r\n`));
    assert.equal(reply.reads, 1);
    assert.equal(reply.statusLine, 'HTTP/1.1 200 OK');
    assert.deepEqual(header(reply, 'Content-Length'), ['18']);
    assert.deepEqual(header(reply, 'Content-Type'), ['text/plain; charset=utf-8']);
    assert.deepEqual(header(reply, 'Cache-Control'), ['no-store']);
    assert.equal(header(reply, 'Date').length, 1);
    for (const absent of [
      'Transfer-Encoding',
      'Content-Encoding',
      'ETag',
      'Location',
      'Vary',
      'Server',
      'Set-Cookie',
    ]) {
      assert.deepEqual(header(reply, absent), [], absent);
    }
    for (const [name] of reply.headers)
      assert.doesNotMatch(name, /^w/, 'reads as a wait code to ez-ipupdate');
  });

  it('closes the connection unless the request asks to keep it (D-8.3)', async (t) => {
    const site = await openSite(t, SITE);
    for (const request of [
      get(`Host: d\r\n${AUTH}`),
      get(`Host: d\r\n${AUTH}Connection: close\r\n`),
      get(`Host: d\r\n${AUTH}Connection: keep-alive, close\r\n`),
      get(AUTH, '1.0'),
    ]) {
      const reply = await site.send(request);
      assert.ok(reply.closed, request);
      assert.deepEqual(header(reply, 'Connection'), ['close']);
    }
  });

  it('keeps it where asked, for HTTP/1.0 too, and serves the next request on it (D-8.3)', async (t) => {
    const site = await openSite(t, SITE);
    for (const version of ['1.1', '1.0']) {
      const keep = get(`Host: d\r\n${AUTH}Connection: Keep-Alive\r\n`, version);
      const reply = await site.send('', {
        pieces: [keep, keep],
        until: (received) => received.split('198.51.100.7\n').length === 3,
      });
      assert.equal(reply.closed, false);
      assert.deepEqual(header(reply, 'Connection'), ['keep-alive']);
    }
  });

  it('answers pipelined requests in order', async (t) => {
    const site = await openSite(t, SITE);
    const keep = get(`Host: d\r\n${AUTH}Connection: keep-alive\r\n`);
    const reply = await site.send(keep + get('Host: d\r\n', '1.1', '/ip'));
    assert.match(reply.raw, /good 198\.51\.100\.7\n[^]*127\.0\.0\.1\n$/);
    assert.ok(reply.closed);
  });

  it('takes a request in many segments and with an empty line before it (D-8.4)', async (t) => {
    const site = await openSite(t, SITE);
    const pieces = `\r\n${get(AUTH, '1.0')}`.match(/[^]{1,25}/g)!;
    assert.equal((await site.send('', { pieces })).body, 'good 198.51.100.7\n');
  });

  it('asks for the body that a client announces, and takes it (RFC 9110 §10.1.1)', async (t) => {
    const site = await openSite(t, SITE);
    const head = `POST /nic/update HTTP/1.1\r\nHost: d\r\n${AUTH}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 44\r\nExpect: 100-continue\r\n\r\n`;
    const reply = await site.send('', { pieces: [head, 'hostname=home.example.test&myip=198.51.100.7'] });
    assert.match(
      reply.raw,
      /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n[^]*\r\n\r\ngood 198\.51\.100\.7\n$/,
    );
  });

  it('serves a request that expects what nobody knows, whole and to the end (D-8.2, D-8.3)', async (t) => {
    const site = await openSite(t, SITE);
    const reply = await site.send(get(`Host: d\r\n${AUTH}Expect: 200-maybe\r\n`));
    assert.equal(reply.body, 'good 198.51.100.7\n');
    assert.deepEqual(header(reply, 'Content-Length'), ['18']);
    assert.ok(reply.closed);
  });

  it('answers CONNECT with 405 and the end instead of silence (D-1.5)', async (t) => {
    const site = await openSite(t, SITE);
    const reply = await site.send(`CONNECT home.example.test:443 HTTP/1.1\r\nHost: d\r\n${AUTH}\r\n`);
    assert.equal(reply.statusLine, 'HTTP/1.1 405 Method Not Allowed');
    assert.deepEqual(header(reply, 'Allow'), ['GET, HEAD, POST, PUT']);
    assert.deepEqual(header(reply, 'Content-Length'), [String(reply.body.length)]);
    assert.ok(reply.closed);
  });

  it('takes a chunked body, and refuses one beyond the limit without an update (D-2.8)', async (t) => {
    const site = await openSite(t, { ...SITE, server: { limits: { bodyBytes: 100 } } });
    const post = `POST ${TARGET} HTTP/1.1\r\nHost: d\r\n${AUTH}`;
    const long = await site.send(`${post}Content-Length: 101\r\n\r\n${'x'.repeat(101)}`);
    assert.equal(long.status, 413);
    assert.ok(long.closed);
    assert.equal(site.published('home.example.test'), '- -');
    const chunked = await site.send(`${post}Transfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n0\r\n\r\n`);
    assert.equal(chunked.body, 'good 198.51.100.7\n');
  });

  it('answers HEAD with headers only (D-1.5)', async (t) => {
    const site = await openSite(t, SITE);
    const reply = await site.send(get(`Host: d\r\n${AUTH}`).replace('GET', 'HEAD'));
    assert.equal(reply.status, 200);
    assert.equal(reply.body, '');
    assert.equal(site.published('home.example.test'), '- -');
  });

  it('answers what is not HTTP with a whole reply and the end (D-8.7)', async (t) => {
    const site = await openSite(t, SITE);
    for (const request of [
      'hello\r\n\r\n',
      '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
      `GET /nic/update?hostname=a b.test HTTP/1.1\r\n\r\n`,
      `GET /nic/update?hostname=b\xfcro.test HTTP/1.1\r\n\r\n`,
      `GET ${TARGET} HTTP/1.1\r\nAuthorization: Basic\r\n YWxpY2U6czNjcmV0\r\n\r\n`,
      `POST ${TARGET} HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ]) {
      const reply = await site.send(request);
      assert.equal(reply.statusLine, 'HTTP/1.1 400 Bad Request', JSON.stringify(request));
      assert.ok(reply.closed);
      assert.deepEqual(header(reply, 'Content-Length'), [String(reply.body.length)]);
      for (const word of SUCCESS_WORDS) assert.ok(!reply.body.toLowerCase().includes(word));
    }
    const long = await site.send(get(`Host: d\r\nX: ${'x'.repeat(20_000)}\r\n`));
    assert.equal(long.statusLine, 'HTTP/1.1 431 Request Header Fields Too Large');
    assert.ok((await site.send(get(AUTH))).status === 200, 'and goes on serving');
  });

  it('does not wait for ever for headers or bodies that never end (D-8.7)', async (t) => {
    const site = await openSite(t, {
      ...SITE,
      server: { limits: { headersTimeout: 200, requestTimeout: 400 } },
    });
    const [headers, body] = await Promise.all([
      site.send(`GET ${TARGET} HTTP/1.0\r\n${AUTH}`),
      site.send(`POST ${TARGET} HTTP/1.1\r\n${AUTH}Content-Length: 10\r\n\r\nx=`),
    ]);
    for (const reply of [headers, body]) {
      assert.equal(reply.statusLine, 'HTTP/1.1 408 Request Timeout');
      assert.ok(reply.closed);
    }
    assert.equal(site.published('home.example.test'), '- -');
  });

  it('keeps every body of a failure free of words of success (D-8.6)', async (t) => {
    const site = await openSite(t, SITE);
    for (const request of [
      get(`Host: d\r\n${AUTH}`, '1.1', '/nowhere'),
      get('Host: d\r\n'),
      get(`Host: d\r\n${AUTH}`, '1.1', '/nic/update?hostname=ok.invalid,good,true.invalid'),
      get(`Host: d\r\n${AUTH}`).replace('GET', 'DELETE'),
    ]) {
      const { body } = await site.send(request);
      for (const word of SUCCESS_WORDS) assert.ok(!body.toLowerCase().includes(word), `${word} in ${body}`);
    }
  });
});
