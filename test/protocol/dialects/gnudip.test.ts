/** GnuDIP over HTTP: the salt, the proof, and what keeps a listener from using either again (docs/protocol/dialects/gnudip.md). */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { type PublishedSite, PEOPLE, openPublishedSite } from './published-site.ts';

const PATH = '/gnudip/cgi-bin/gdipupdt.cgi';
const SITE = { ...PEOPLE, gnudip: ['HomeToken'] };

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}

function meta(page: string, name: string): string | undefined {
  return new RegExp(`<meta name="${name}" content="([^"]*)">`).exec(page)?.[1];
}

/** The query of a second request, as FreedomBox and ez-ipupdate make it. */
async function proofOf(
  site: PublishedSite,
  { secret = 'HomeToken', user = 'hometoken', rest }: { secret?: string; user?: string; rest: string },
): Promise<string> {
  const page = (await site.get(PATH)).body;
  const [salt, time, sign] = ['salt', 'time', 'sign'].map((name) => meta(page, name)!);
  assert.equal(salt!.length, 10);
  return `salt=${salt}&time=${time}&sign=${sign}&user=${user}&pass=${md5(`${md5(secret)}.${salt}`)}&${rest}`;
}

describe('GnuDIP', () => {
  it('sets an address, takes the source address, goes offline, and DNS follows', async (t) => {
    const site = await openPublishedSite(t, SITE);
    const send = async (rest: string): Promise<string> =>
      (await site.get(`${PATH}?${await proofOf(site, { rest })}`)).body;
    const given = await send('domn=home.example.test&reqc=0&addr=198.51.100.7');
    assert.equal(meta(given, 'retc'), '0');
    assert.equal(await site.resolve('home.example.test', 'A'), '198.51.100.7');
    const own = await send('domn=home&reqc=2');
    assert.deepEqual([meta(own, 'retc'), meta(own, 'addr')], ['0', '127.0.0.1']);
    assert.equal(await site.resolve('home.example.test', 'A'), '127.0.0.1');
    assert.equal(meta(await send('domn=&reqc=1'), 'retc'), '2');
    assert.equal(await site.resolve('home.example.test', 'A'), 'none');
  });

  it('refuses wrong proofs, unknown tokens, tokens not made for it, and salts of its own making', async (t) => {
    const site = await openPublishedSite(t, SITE);
    const rest = 'domn=home.example.test&reqc=0&addr=198.51.100.7';
    const good = await proofOf(site, { rest });
    for (const query of [
      await proofOf(site, { rest, secret: 'Wrong' }),
      await proofOf(site, { rest, user: 'nobody' }),
      await proofOf(site, { rest, user: 'bothtoken', secret: 'BothToken' }),
      good.replace(/sign=\w{4}/, 'sign=0000'),
      good.replace(/salt=\w{4}/, 'salt=aaaa'),
      good.replace(/time=\d/, 'time=9'),
      rest,
      'x',
    ]) {
      const reply = await site.get(`${PATH}?${query}`);
      assert.deepEqual([reply.status, meta(reply.body, 'retc')], [401, '1'], query);
    }
    assert.equal(site.published('home.example.test'), '- -');
  });

  it('takes a proof once', async (t) => {
    const site = await openPublishedSite(t, SITE);
    const query = await proofOf(site, { rest: 'domn=home&reqc=2' });
    assert.equal(meta((await site.get(`${PATH}?${query}`)).body, 'retc'), '0');
    assert.equal(meta((await site.get(`${PATH}?${query}`)).body, 'retc'), '1');
  });

  it('takes a salt for a minute, and from the address that asked for it', async (t) => {
    const clock = { time: 1_700_000_000_000, now: () => clock.time };
    const site = await openPublishedSite(t, { ...SITE, trust: ['127.0.0.1'], server: { clock } });
    const rest = 'domn=home&reqc=2';
    const elsewhere = await site.get(
      `${PATH}?${await proofOf(site, { rest })}`,
      'X-Forwarded-For: 203.0.113.9\r\n',
    );
    assert.equal(meta(elsewhere.body, 'retc'), '1');
    const query = await proofOf(site, { rest });
    clock.time += 62_000;
    assert.equal(meta((await site.get(`${PATH}?${query}`)).body, 'retc'), '1');
    assert.equal(site.published('home.example.test'), '- -');
  });

  it('says 1 for what is no request, right proof or not', async (t) => {
    const site = await openPublishedSite(t, SITE);
    for (const rest of [
      'domn=home&reqc=7',
      'domn=home&reqc=0&addr=nonsense',
      'domn=shop.example.test&reqc=2',
    ]) {
      const reply = await site.get(`${PATH}?${await proofOf(site, { rest })}`);
      assert.deepEqual([reply.status, meta(reply.body, 'retc')], [200, '1'], rest);
    }
  });
});
