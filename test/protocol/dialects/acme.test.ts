/** acme-dns and lego's httpreq: TXT values of ACME challenges (docs/protocol/dialects/acme-dns.md, docs/protocol/dialects/httpreq.md). */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { parseIpPrefix } from '../../../src/net/ip-prefix.ts';
import { basic, header, name } from '../site.ts';
import { type PublishedSite, attempts, openPublishedSite } from './published-site.ts';

const CHALLENGE = '_acme-challenge.home.example.test';
const JSON_TYPE = 'Content-Type: application/json\r\n';

function value(n: number): string {
  return createHash('sha256').update(String(n)).digest('base64url');
}

function acmeUpdate(
  site: PublishedSite,
  {
    user = 'alice',
    key = 'HomeToken',
    ...body
  }: { user?: string; key?: string; subdomain: string; txt: string },
): ReturnType<PublishedSite['post']> {
  return site.post('/update', JSON.stringify(body), `X-Api-User: ${user}\r\nX-Api-Key: ${key}\r\n`);
}

const QUOTA = { burst: 10, refillMs: 3_600_000 };

describe('acme-dns', () => {
  it('adds any number of values, each served at once', async (t) => {
    const site = await openPublishedSite(t);
    for (const n of [1, 2, 3, 4, 5]) {
      const reply = await acmeUpdate(site, { subdomain: CHALLENGE, txt: value(n) });
      assert.deepEqual([reply.status, reply.body], [200, `{"txt": "${value(n)}"}`]);
      assert.deepEqual(header(reply, 'Content-Type'), ['application/json']);
    }
    const all = [1, 2, 3, 4, 5].map(value).sort().join(' ');
    assert.equal(await site.resolve(CHALLENGE, 'TXT'), all);
    assert.equal((await acmeUpdate(site, { subdomain: CHALLENGE, txt: value(3) })).status, 200);
    assert.equal(await site.resolve(CHALLENGE, 'TXT'), all);
    assert.equal(attempts(site).at(-1), `acme-dns ${CHALLENGE} unchanged`);
  });

  it('keeps the newest hundred, over TCP where they no longer fit a datagram', async (t) => {
    const site = await openPublishedSite(t);
    for (let n = 0; n < 103; n++) await acmeUpdate(site, { subdomain: 'home', txt: value(n) });
    const served = (await site.resolve('home.example.test', 'TXT')).split(' ');
    assert.deepEqual(served, Array.from({ length: 100 }, (_, i) => value(i + 3)).sort());
  });

  it('tells whoever may not nothing but forbidden, and what is no challenge bad_txt', async (t) => {
    const site = await openPublishedSite(t);
    for (const request of [
      { key: 'Wrong', subdomain: CHALLENGE, txt: value(1) },
      { user: 'bob', subdomain: CHALLENGE, txt: value(1) },
      { subdomain: 'shop.example.test', txt: value(1) },
      { subdomain: 'vpn.example.test', txt: value(1) },
      { subdomain: '_acme-challenge._acme-challenge.home.example.test', txt: value(1) },
      { subdomain: 'www.home.example.test', txt: value(1) },
      { subdomain: 'nonsense', txt: value(1) },
    ]) {
      const reply = await acmeUpdate(site, request);
      assert.deepEqual([reply.status, reply.body], [401, '{"error": "forbidden"}'], JSON.stringify(request));
    }
    assert.equal(
      (await site.post('/update', '{', 'X-Api-User: alice\r\nX-Api-Key: HomeToken\r\n')).status,
      401,
    );
    const short = await acmeUpdate(site, { subdomain: CHALLENGE, txt: 'short' });
    assert.deepEqual([short.status, short.body], [400, '{"error": "bad_txt"}']);
    assert.equal(await site.resolve(CHALLENGE, 'TXT'), 'none');
  });

  it('registers where the settings allow it, and what is registered works, for that name alone', async (t) => {
    const site = await openPublishedSite(t, {
      registration: {
        account: 'bob',
        below: name('auth.example.test'),
        from: [parseIpPrefix('127.0.0.0/8')!],
        quota: QUOTA,
      },
    });
    const reply = await site.post('/register', '', JSON_TYPE);
    assert.equal(reply.status, 201);
    const made = JSON.parse(reply.body) as Record<string, string>;
    assert.deepEqual(Object.keys(made), ['username', 'password', 'fulldomain', 'subdomain', 'allowfrom']);
    assert.match(made['username']!, /^[0-9a-f-]{36}$/);
    assert.equal(made['fulldomain'], `${made['subdomain']}.auth.example.test`);
    const as = { user: made['username']!, key: made['password']! };
    const update = await acmeUpdate(site, { ...as, subdomain: made['subdomain']!, txt: value(1) });
    assert.deepEqual([update.status, update.body], [200, `{"txt": "${value(1)}"}`]);
    assert.equal(await site.resolve(made['fulldomain'], 'TXT'), value(1));
    const other = await acmeUpdate(site, { ...as, subdomain: 'home.example.test', txt: value(1) });
    assert.equal(other.status, 401);
    assert.ok(!JSON.stringify(site.log).includes(made['password']!), 'no secret in the log');
    const list = await site.post('/register', '{"allowfrom":["192.0.2.0/24"]}', JSON_TYPE);
    assert.deepEqual([list.status, list.body], [400, '{"error": "invalid_allowfrom_cidr"}']);
    const broken = await site.post('/register', '{"allow', JSON_TYPE);
    assert.deepEqual([broken.status, broken.body], [400, '{"error": "malformed_json_payload"}']);
    assert.equal((await site.get('/register')).status, 405);
  });

  it('registers no more than the quota for one source, at once or not, and counts what was made', async (t) => {
    const registration = {
      account: 'bob',
      below: name('auth.example.test'),
      from: [parseIpPrefix('0.0.0.0/0')!],
      quota: { burst: 3, refillMs: 3_600_000 },
    };
    const site = await openPublishedSite(t, { registration, trust: ['127.0.0.1'] });
    const register = (source: string) =>
      site.post('/register', '', `${JSON_TYPE}X-Forwarded-For: ${source}\r\n`);
    site.breakStore(true);
    for (let i = 0; i < 5; i++) assert.equal((await register('192.0.2.1')).status, 503);
    site.breakStore(false);
    const replies = await Promise.all(Array.from({ length: 8 }, () => register('192.0.2.1')));
    assert.equal(replies.filter(({ status }) => status === 201).length, 3);
    const refused = replies.find(({ status }) => status !== 201)!;
    assert.deepEqual([refused.status, refused.body], [503, '{"error": "too_many_registrations"}']);
    assert.ok(Number(header(refused, 'Retry-After')[0]) > 3000);
    assert.equal((await register('192.0.2.2')).status, 201, 'another source has its own');
    let made = 4;
    for (let i = 3; i < 60; i++) if ((await register(`192.0.2.${i}`)).status === 201) made++;
    assert.equal(made, 30, 'all together ten times as many');
    assert.equal(site.view.zone(name('example.test'))!.hostCount, 3 + 30);
  });

  it('registers for nobody else', async (t) => {
    const off = await openPublishedSite(t);
    assert.deepEqual((await off.post('/register', '{}', JSON_TYPE)).body, '{"error": "forbidden"}');
    const registration = {
      account: 'bob',
      below: name('auth.example.test'),
      from: [parseIpPrefix('192.0.2.0/24')!],
      quota: QUOTA,
    };
    const elsewhere = await openPublishedSite(t, { registration });
    assert.equal((await elsewhere.post('/register', '{}', JSON_TYPE)).status, 401);
    const from = [parseIpPrefix('127.0.0.0/8')!];
    const astray = await openPublishedSite(t, { registration: { ...registration, from, account: 'nobody' } });
    assert.deepEqual((await astray.post('/register', '', JSON_TYPE)).body, '{"error": "db_error"}');
    assert.equal(attempts(astray).length, 1);
  });

  it('tells its health by the status', async (t) => {
    const well = await openPublishedSite(t);
    assert.deepEqual([(await well.get('/health')).status, (await well.get('/health')).body], [200, '']);
    const health = () => Promise.resolve({ healthy: false, checks: { store: 'no space left' } });
    const ill = await openPublishedSite(t, { health });
    assert.deepEqual([(await ill.get('/health')).status, (await ill.get('/health')).body], [503, '']);
  });
});

describe('httpreq', () => {
  it('adds and removes the value of a challenge, in both forms of the body', async (t) => {
    const site = await openPublishedSite(t);
    const auth = basic('alice', 'HomeToken') + JSON_TYPE;
    const plain = JSON.stringify({ fqdn: `${CHALLENGE}.`, value: value(1) });
    const raw = JSON.stringify({ domain: 'home.example.test', token: 't', keyAuth: 't.thumbprint' });
    const ofRaw = createHash('sha256').update('t.thumbprint').digest('base64url');
    const present = await site.post('/present', plain, auth);
    assert.equal(present.status, 200);
    assert.deepEqual(JSON.parse(present.body), JSON.parse(plain), 'as dns_acmeproxy of acme.sh looks for it');
    assert.equal((await site.post('/present', raw, auth)).status, 200);
    assert.equal(await site.resolve(CHALLENGE, 'TXT'), [value(1), ofRaw].sort().join(' '));
    assert.equal((await site.post('/cleanup', plain, auth)).status, 200);
    assert.equal(await site.resolve(CHALLENGE, 'TXT'), ofRaw);
    for (let i = 0; i < 2; i++) assert.equal((await site.post('/cleanup', raw, auth)).status, 200);
    assert.equal(await site.resolve(CHALLENGE, 'TXT'), 'none');
  });

  it('has a status for what it refuses, with a challenge where credentials lack', async (t) => {
    const site = await openPublishedSite(t);
    const auth = basic('alice', 'HomeToken') + JSON_TYPE;
    const body = (fqdn: string, txt = value(1)): string => JSON.stringify({ fqdn, value: txt });
    const bare = await site.post('/present', body(CHALLENGE), JSON_TYPE);
    assert.equal(bare.status, 401);
    assert.deepEqual(header(bare, 'WWW-Authenticate'), ['Basic realm="DDNS"']);
    for (const [text, status] of [
      [body('_acme-challenge.vpn.example.test.'), 403],
      [body('_acme-challenge.shop.example.test.'), 404],
      [body('elsewhere.invalid.'), 404],
      [body('nonsense'), 400],
      [body(CHALLENGE, 'x'.repeat(256)), 400],
      [body(CHALLENGE, 'new\nline'), 400],
      ['{"fqdn":5,"value":[]}', 400],
      ['[]', 400],
      ['', 400],
    ] as const) {
      assert.equal((await site.post('/present', text, auth)).status, status, text);
    }
    assert.equal((await site.get('/present', auth)).status, 405);
    assert.equal(await site.resolve(CHALLENGE, 'TXT'), 'none');
  });

  it('answers 503 while nothing can be made durable, and changes nothing', async (t) => {
    const site = await openPublishedSite(t);
    site.breakStore(true);
    const body = JSON.stringify({ fqdn: CHALLENGE, value: value(1) });
    const reply = await site.post('/present', body, basic('alice', 'HomeToken'));
    assert.equal(reply.status, 503);
    assert.equal(header(reply, 'Retry-After').length, 1);
    site.breakStore(false);
    assert.equal(await site.resolve(CHALLENGE, 'TXT'), 'none');
  });
});
