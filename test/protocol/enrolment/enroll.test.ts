/** `POST /enroll` over a real socket, as docs/protocol/enrolment.md has it. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { digestTokenSecret } from '../../../src/account/token.ts';
import { SUCCESS_WORDS } from '../../../src/http/reply.ts';
import { type Reply, type Site, type SiteOptions, basic, header, name, openSite } from '../site.ts';

const CODE = `HMENR${'a'.repeat(24)}`;

/** A site with one code for `example.test`. */
async function openFor(
  t: Parameters<typeof openSite>[0],
  {
    pattern = 'shop-{serial}',
    uses = 3,
    revokedAt = null as number | null,
    expiresAt = 9e15,
    ...options
  }: Partial<{
    pattern: string;
    uses: number;
    revokedAt: number | null;
    expiresAt: number;
  }> &
    SiteOptions = {},
): Promise<Site> {
  const site = await openSite(t, {
    accounts: { alice: null, bob: null },
    hosts: ['shop-taken.example.test=bob'],
    ...options,
  });
  const enrolment = {
    id: 'code1',
    account: 'alice',
    zone: name('example.test'),
    pattern,
    host: null,
    ttl: 60,
    uses,
    used: 0,
    nextNumber: 1,
    events: 0,
    digest: digestTokenSecret(CODE, site.view.tokenKey),
    createdBy: 'root',
    createdAt: 0,
    expiresAt,
    revokedAt,
    lastUsedAt: null,
  };
  await site.store.commit([{ kind: 'enrolment-put', enrolment }]);
  return site;
}

function post(
  site: Site,
  body: unknown,
  more: { type?: string; target?: string; headers?: string } = {},
): Promise<Reply> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const { type = 'application/json', target = '/enroll', headers = '' } = more;
  const typed = type === '' ? '' : `Content-Type: ${type}\r\n`;
  return site.send(
    `POST ${target} HTTP/1.1\r\nHost: h\r\n${typed}${headers}Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  );
}

const MACHINE = { code: CODE, name: 'PC-0042', serial: '5CG1234XYZ' };

/** The word and sentence of a refusal, whose form is checked. */
function refused(reply: Reply, status: number): { error: string; message: string } {
  assert.equal(reply.status, status, reply.raw);
  assert.deepEqual(header(reply, 'Content-Type'), ['application/json']);
  assert.deepEqual(header(reply, 'Cache-Control'), ['no-store']);
  const body = JSON.parse(reply.body) as { error: string; message: string };
  assert.deepEqual(Object.keys(body), ['error', 'message']);
  assert.match(body.message, /\.$/);
  for (const word of SUCCESS_WORDS)
    assert.ok(!reply.body.toLowerCase().includes(word), `"${word}" in ${reply.body}`);
  return body;
}

suite('POST /enroll', () => {
  test('answers with all that a machine needs, and with its token the machine can update', async (t) => {
    const site = await openFor(t);
    const reply = await post(site, MACHINE, { type: 'application/json; charset=utf-8' });
    assert.equal(reply.status, 201);
    assert.deepEqual(header(reply, 'Cache-Control'), ['no-store']);
    const { token, ...made } = JSON.parse(reply.body) as Record<string, unknown>;
    assert.deepEqual(made, {
      host: 'shop-5cg1234xyz.example.test',
      user: 'alice',
      zone: 'example.test',
      update: '/nic/update',
      servers: ['ns1.example.test'],
    });
    const updated = await site.send(
      `GET /nic/update?hostname=${made.host}&myip=192.168.1.7 HTTP/1.1\r\nHost: h\r\n${basic('alice', token as string)}\r\n`,
    );
    assert.match(updated.body, /^good 192\.168\.1\.7/);
    const line = site.log.find(({ message }) => message === 'enrolment')!;
    assert.deepEqual([line.fields['outcome'], line.fields['machine']], ['enrolled', 'PC-0042']);
    assert.ok(
      !JSON.stringify(site.log).includes(CODE) && !JSON.stringify(site.log).includes(token as string),
    );
  });

  test('refuses what it cannot read, each with its status and word', async (t) => {
    const site = await openFor(t);
    const long = 'x'.repeat(101);
    const cases: [Promise<Reply>, number, string][] = [
      [post(site, '{'), 400, 'malformed'],
      [post(site, '[]'), 400, 'malformed'],
      [post(site, 'null'), 400, 'malformed'],
      [post(site, { ...MACHINE, code: 7 }), 400, 'malformed'],
      [post(site, { ...MACHINE, code: '' }), 400, 'malformed'],
      [post(site, { code: CODE }), 400, 'malformed'],
      [post(site, { ...MACHINE, name: long }), 400, 'malformed'],
      [post(site, { ...MACHINE, name: 'a\nb' }), 400, 'malformed'],
      [post(site, JSON.stringify({ ...MACHINE, name: 'a!b' }).replace('!', '\\u202e')), 400, 'malformed'],
      [post(site, JSON.stringify({ ...MACHINE, serial: 'a!b' }).replace('!', '\\u2028')), 400, 'malformed'],
      [post(site, { ...MACHINE, serial: 5 }), 400, 'malformed'],
      [post(site, MACHINE, { target: `/enroll?code=${CODE}` }), 400, 'malformed'],
      [post(site, MACHINE, { type: 'text/plain' }), 415, 'content-type'],
      [post(site, MACHINE, { type: '' }), 415, 'content-type'],
      [post(site, 'x'.repeat(20_000)), 413, 'too-large'],
      [site.send('GET /enroll HTTP/1.1\r\nHost: h\r\n\r\n'), 405, 'method'],
    ];
    for (const [reply, status, word] of cases) assert.equal(refused(await reply, status).error, word);
    assert.equal(site.sequence(), 2, 'nothing was written');
  });

  test('refuses codes with 403, and says to their holders alone why', async (t) => {
    const unknown = refused(
      await post(await openFor(t), { ...MACHINE, code: `HMENR${'b'.repeat(24)}` }),
      403,
    );
    const revoked = refused(await post(await openFor(t, { revokedAt: 1 }), MACHINE), 403);
    assert.deepEqual(revoked, unknown);
    assert.equal(refused(await post(await openFor(t, { expiresAt: 1 }), MACHINE), 403).error, 'expired-code');
    assert.equal(refused(await post(await openFor(t, { uses: 0 }), MACHINE), 403).error, 'used-up-code');
  });

  test('refuses what the code does not give, and changes nothing', async (t) => {
    const site = await openFor(t);
    const taken = refused(await post(site, { ...MACHINE, serial: 'taken' }), 409);
    assert.equal(taken.error, 'host-taken');
    assert.match(taken.message, /^shop-taken\.example\.test is taken/);
    assert.equal(
      refused(await post(site, { ...MACHINE, serial: 'Default string' }), 400).error,
      'serial-needed',
    );
    assert.equal(refused(await post(site, { ...MACHINE, serial: null }), 400).error, 'serial-needed');
    assert.equal(site.view.host(name('shop-taken.example.test'))?.account, 'bob');
    assert.equal([...site.view.tokens()].length, 0);
  });

  test('says when to come again', async (t) => {
    const site = await openFor(t);
    for (let i = 0; i < 5; i++) assert.equal((await post(site, MACHINE)).status, 201);
    const often = await post(site, MACHINE);
    assert.equal(refused(often, 429).error, 'too-often');
    assert.ok(Number(header(often, 'Retry-After')[0]) > 80_000);
    site.breakStore(true);
    const broken = await post(site, { ...MACHINE, serial: 'another' });
    assert.equal(refused(broken, 503).error, 'unavailable');
    assert.deepEqual(header(broken, 'Retry-After'), ['60']);
    site.breakStore(false);
    let last: Reply | undefined;
    for (let i = 0; i < 40; i++) last = await post(site, { ...MACHINE, code: `guess${i}` });
    assert.equal(refused(last!, 429).error, 'locked-out');
    assert.ok(Number(header(last!, 'Retry-After')[0]) >= 1);
    assert.equal(
      (await post(site, { ...MACHINE, serial: 'another' })).status,
      201,
      'a valid code is taken all the same',
    );
  });

  test('takes codes over HTTPS alone where the operator says so', async (t) => {
    const site = await openFor(t, { requireHttps: true, trust: ['127.0.0.1'] });
    assert.equal(refused(await post(site, MACHINE), 403).error, 'https-required');
    assert.equal((await post(site, MACHINE, { headers: 'X-Forwarded-Proto: https\r\n' })).status, 201);
  });
});
