import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { type HttpApp, createHttpApp } from '../../../src/http/app.ts';
import type { Body, Exchange } from '../../../src/http/exchange.ts';
import { SUCCESS_WORDS } from '../../../src/http/reply.ts';
import { parseRequestTarget } from '../../../src/http/request-target.ts';
import { parseIpAddress } from '../../../src/net/ip-address.ts';
import { type Backing, openBacking } from '../../protocol/site.ts';

const SOURCE = parseIpAddress('203.0.113.9')!;
const ALICE = `Basic ${Buffer.from('alice:s3cret').toString('base64')}`;

let backing: Backing;
let app: HttpApp;

before(async () => {
  backing = await openBacking({ hosts: ['home.example.test'], accounts: { alice: 's3cret' } });
  ({ app } = createHttpApp(backing.app));
});
after(() => backing.close());

/** A request as the server hands it over. */
async function ask(target: string, change: Partial<Exchange> = {}, body?: Body): Promise<Response> {
  const { route, query } = parseRequestTarget(target);
  const exchange: Exchange = {
    requestId: 'r1',
    method: 'GET',
    route,
    query,
    host: 'ddns.example.test',
    headers: {},
    source: SOURCE,
    secure: false,
    readBody: () => Promise.resolve(body ?? { kind: 'whole', bytes: Buffer.alloc(0) }),
    hangUp: () => undefined,
    ...change,
  };
  return app.fetch(new Request(`http://localhost${route}`, { method: exchange.method }), exchange);
}

function assertNoSuccessWord(text: string, about: string): void {
  for (const word of SUCCESS_WORDS) {
    assert.ok(!text.toLowerCase().includes(word), `"${word}" in ${JSON.stringify(text)}, ${about}`);
  }
}

describe('HTTP app', () => {
  it('changes nothing for HEAD and tells nothing (D-1.5)', async () => {
    const reply = await ask('/nic/update?hostname=home.example.test', {
      method: 'HEAD',
      headers: { authorization: ALICE },
    });
    assert.equal(reply.status, 200);
    assert.equal(await reply.text(), '');
    assert.equal(backing.store.view.sequence, 1);
  });

  it('refuses other methods on the update paths (D-1.5)', async () => {
    const reply = await ask('/nic/update?hostname=home.example.test', {
      method: 'DELETE',
      headers: { authorization: ALICE },
    });
    assert.equal(reply.status, 405);
    assert.equal(reply.headers.get('allow'), 'GET, HEAD, POST, PUT');
  });

  it('does not apply a body that is too long or was cut short (D-2.8)', async () => {
    const headers = { authorization: ALICE };
    const long = await ask(
      '/nic/update?hostname=home.example.test',
      { method: 'POST', headers },
      { kind: 'too-large' },
    );
    assert.equal(long.status, 413);
    const cut = await ask(
      '/nic/update?hostname=home.example.test',
      { method: 'POST', headers },
      { kind: 'cut-short' },
    );
    assert.equal(cut.status, 400);
    for (const reply of [long, cut]) assertNoSuccessWord(await reply.text(), 'a refused body');
    assert.equal(backing.store.view.sequence, 1);
  });

  it('answers 911 with a time to wait when a part throws, and logs it (D-7.6)', async () => {
    const { app: failing } = createHttpApp({
      ...backing.app,
      authenticator: {
        authenticate: () => Promise.reject(new Error('worker ended')),
        identify: () => undefined,
      },
    });
    const exchange = { requestId: 'r2', method: 'GET', query: 'hostname=a.b', host: '', source: SOURCE };
    const reply = await failing.fetch(new Request('http://localhost/nic/update'), {
      ...exchange,
      headers: { authorization: ALICE },
    });
    assert.equal(reply.status, 503);
    assert.equal(await reply.text(), '911\n');
    assert.equal(reply.headers.get('retry-after'), '300');
    assert.equal(backing.log.at(-1)?.level, 'error');
    assert.equal(backing.log.at(-1)?.fields['requestId'], 'r2');
  });

  it('tells a person at an unknown path what to type, without a word of success (D-10.3, D-8.6)', async () => {
    for (const path of ['/nic', '/ducupdate.php', '/nic/update/more', '/-', '/favicon.ico']) {
      const reply = await ask(path);
      assert.equal(reply.status, 404, path);
      const text = await reply.text();
      assert.match(text, /\/nic\/update\?hostname=NAME&myip=ADDRESS/);
      assertNoSuccessWord(text, path);
    }
  });

  it('reports health with its checks: 200 or 503 (D-10.1)', async () => {
    const well = await ask('/healthz');
    assert.equal(well.status, 200);
    assert.deepEqual(await well.json(), { healthy: true, checks: { store: 'pass' } });
    const { app: ill } = createHttpApp({
      ...backing.app,
      health: () => Promise.reject(new Error('no answer')),
    });
    const reply = await ill.fetch(new Request('http://localhost/healthz'), {});
    assert.equal(reply.status, 503);
    assert.deepEqual(await reply.json(), { healthy: false, checks: { check: 'no answer' } });
  });

  it('shows a page that needs nothing else, escapes what it shows and forbids the rest (D-10.2)', async () => {
    const { app: failing } = createHttpApp({
      ...backing.app,
      describe: () => ({ version: '<b>9</b>', zones: 3, hosts: 14, dnsLane: 'x & y' }),
      health: () => Promise.resolve({ healthy: false, checks: { dns: 'pass', store: 'no space <left>' } }),
    });
    const exchange = { query: '', host: 'x"><script>.test', source: SOURCE, headers: {} };
    const reply = await failing.fetch(new Request('http://localhost/'), exchange);
    const text = await reply.text();
    assert.equal(reply.status, 200);
    assert.match(text, /^<!doctype html>\s*<html lang="en">/);
    for (const expected of [
      '203.0.113.9',
      '&lt;b&gt;9&lt;/b&gt;',
      'no space &lt;left&gt;',
      '>3<',
      '>14<',
      'x &amp; y',
    ]) {
      assert.ok(text.includes(expected), expected);
    }
    assert.ok(!/<script|src=|href=|https?:\/\/(?!SERVER)/i.test(text));
    assert.ok(!text.includes('dns: pass'));
    // The browser applies the style only where its hash is that of the bytes as they were sent.
    const style = /<style>(.*?)<\/style>/s.exec(text)![1]!;
    const hash = createHash('sha256').update(style).digest('base64');
    const policy = reply.headers.get('content-security-policy')!;
    assert.ok(policy.startsWith(`default-src 'none'; style-src 'sha256-${hash}'; `), policy);
    assert.equal(reply.headers.get('x-content-type-options'), 'nosniff');
    const own = await (await ask('/', { headers: { 'x-forwarded-proto': 'https' } })).text();
    assert.ok(own.includes('https://ddns.example.test/nic/update?hostname=NAME'));
  });

  it('never throws and never shows a word of success for what was none', async () => {
    const part = fc.constantFrom(
      'hostname=',
      'home.example.test',
      'none.test',
      '&',
      '?',
      'myip=',
      '127.0.0.1',
      '%',
      ',',
    );
    const target = fc
      .tuple(
        fc.constantFrom('/nic/update?', '/update?', '/?', '/', '/nope?', '/checkip?'),
        fc.array(fc.oneof(part, fc.string({ unit: 'binary', maxLength: 8 })), { maxLength: 12 }),
      )
      .map(([path, parts]) => path + parts.join(''));
    const authorization = fc.constantFrom(undefined, ALICE, 'Basic Og==', 'Bearer x', 'Basic ok:good');
    const method = fc.constantFrom('GET', 'POST', 'PUT', 'OPTIONS', 'PATCH');
    await fc.assert(
      fc.asyncProperty(target, authorization, method, async (text, header, verb) => {
        const headers = header === undefined ? {} : { authorization: header };
        const reply = await ask(text, { method: verb, headers });
        const { route } = parseRequestTarget(text);
        if (reply.headers.get('content-type')!.startsWith('text/html') || route.startsWith('/checkip'))
          return;
        assert.ok([200, 401, 404, 405, 503].includes(reply.status), `${reply.status} for ${text}`);
        const lines = (await reply.text()).split('\n');
        const rest = lines.filter(
          (line) => reply.status !== 200 || !/^(?:good|nochg) [\d.:a-f,]+$/.test(line),
        );
        assertNoSuccessWord(rest.join('\n'), text);
        assertNoSuccessWord(reply.headers.get('x-homing-reason') ?? '', text);
      }),
      { numRuns: 300 },
    );
  });
});
