/** What is kept of attempts for a host's owner, whatever came of them, and that nobody else learns of it (D-7.10). */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { AttemptRecord } from '../../../src/http/attempts/attempt-record.ts';
import { describeAttempts } from '../../../src/http/attempts/describe-attempts.ts';
import { type Name } from '../../../src/zone/name.ts';
import { type Reply, type Site, type SiteOptions, basic, header, name, openSite } from '../site.ts';

const HOST = 'home.example.test';

const SITE: SiteOptions = {
  hosts: [HOST, 'vpn.example.test', 'bobs.example.test=bob'],
  accounts: { alice: null, bob: null },
  tokens: { AllToken: null, VpnToken: ['vpn.example.test'] },
};

interface Watched extends Site {
  get(target: string, headers?: string): Promise<string>;
  /** The attempts at a host, the latest first, as `text ×count`. */
  attempts(host?: string): Promise<readonly string[]>;
}

async function watch(t: TestContext, options: SiteOptions = {}): Promise<Watched> {
  const directory = { host: (wanted: Name) => site.store.view.host(wanted) };
  const attempts = new AttemptRecord(directory);
  const site = await openSite(t, { ...SITE, ...options, server: { ...options.server, attempts } });
  return {
    ...site,
    get: async (target, headers = '') => {
      const reply = await site.send(
        `GET ${target} HTTP/1.1\r\nHost: d\r\nUser-Agent: router/1\r\n${headers}\r\n`,
      );
      return `${reply.status} ${reply.body.split('\n')[0]!}`;
    },
    attempts: async (host = HOST) => {
      // What strangers send is noted in a turn of its own.
      await new Promise((resolve) => setImmediate(resolve));
      const runs = describeAttempts(attempts.list(name(host)));
      for (const { source, agent } of runs) assert.deepEqual([source, agent], ['127.0.0.1', 'router/1']);
      return runs.map(({ text, count }) => `${text} ×${count}`).toSorted();
    },
  };
}

describe('attempts', () => {
  it('are kept with what came of them, in words (D-7.10)', async (t) => {
    const site = await watch(t, { accept: 'public' });
    const update = (address: string, headers: string): Promise<string> =>
      site.get(`/nic/update?hostname=${HOST}&myip=${address}`, headers);
    assert.equal(await update('9.9.9.9', basic('alice', 'AllToken')), '200 good 9.9.9.9');
    for (let i = 0; i < 3; i++) await update('9.9.9.9', basic('alice', 'AllToken'));
    assert.equal(await update('10.0.0.1', basic('alice', 'AllToken')), '200 dnserr');
    assert.equal(await update('9.9.9.9', basic('alice', 'wrong')), '401 badauth');
    assert.equal(await update('9.9.9.9', basic('bob', 'AllToken')), '401 badauth');
    assert.equal(await update('9.9.9.9', ''), '401 badauth');
    assert.equal(await update('9.9.9.9', basic('alice', 'VpnToken')), '200 !yours');
    assert.match(await site.get(`/nic/updaet?hostname=${HOST}&myip=9.9.9.9`), /^404 /);
    await site.block(HOST);
    assert.equal(await update('9.9.9.9', basic('alice', 'AllToken')), '200 abuse');
    assert.deepEqual(await site.attempts(), [
      'address that the zone does not publish ×1',
      'good: changed ×1',
      'host is blocked ×1',
      'no credentials ×1',
      'token is for other hosts ×1',
      'unchanged ×3',
      'wrong password or unknown token ×1',
      'wrong path ×1',
      'wrong user name for this host ×1',
    ]);
    assert.deepEqual(await site.attempts('vpn.example.test'), []);
  });

  it('are kept in every dialect, where credentials are refused in URLs, and while nothing can be written (D-7.10)', async (t) => {
    const site = await watch(t, { server: { urlCredentials: 'https' } });
    assert.match(await site.get(`/update?domains=${HOST}&token=AllToken`), /^401 KO/);
    site.breakStore(true);
    assert.equal(
      await site.get(`/nic/update?hostname=${HOST}&myip=10.0.0.1`, basic('', 'AllToken')),
      '503 911',
    );
    assert.deepEqual(await site.attempts(), ['plain HTTP refused ×1', 'server failing ×1']);
  });

  it('of the hosts of a token are noted at these, where the request names none (D-7.10)', async (t) => {
    const site = await watch(t);
    assert.match(await site.get('/u/VpnToken?myip=10.0.0.1'), /^200 good/);
    assert.match(await site.get('/u/VpnToken?myip=nonsense'), /^200 notfqdn/);
    assert.deepEqual(await site.attempts('vpn.example.test'), [
      'good: changed ×1',
      'malformed address or parameter ×1',
    ]);
  });

  it('beyond the budget of a host get 911 with 503 once, the other hosts what they ask for (D-7.9, D-7.6, D-7.10)', async (t) => {
    const site = await watch(t, { changes: { burst: 2, refillMs: 60_000 } });
    const update = (hosts: string, address: string): Promise<Reply> =>
      site.send(
        `GET /nic/update?hostname=${hosts}&myip=${address} HTTP/1.1\r\nHost: d\r\nUser-Agent: router/1\r\n${basic('', 'AllToken')}\r\n`,
      );
    for (const address of ['10.0.0.1', '10.0.0.2'])
      assert.equal((await update(HOST, address)).body, `good ${address}\n`);
    for (let i = 0; i < 100; i++) assert.equal((await update(HOST, '10.0.0.2')).body, 'nochg 10.0.0.2\n');
    const refused = await update(`${HOST},vpn.example.test`, '10.0.0.3');
    assert.deepEqual([refused.status, refused.body], [503, '911\n']);
    assert.ok(Number(header(refused, 'Retry-After')[0]) <= 60);
    assert.deepEqual(
      [site.published(HOST), site.published('vpn.example.test')],
      ['10.0.0.2 -', '10.0.0.3 -'],
    );
    assert.equal((await update(HOST, '10.0.0.2')).body, 'nochg 10.0.0.2\n');
    assert.equal((await update(HOST, '2001:db8::1')).body, 'good 2001:db8::1\n');
    assert.deepEqual(await site.attempts(), ['changes too often ×1', 'good: changed ×3', 'unchanged ×101']);
    for (const [target, expected] of Object.entries({
      [`/update?domains=${HOST}&token=AllToken&ip=10.0.0.9`]: '503 KO',
      [`/api/update?zone=${HOST}&token=AllToken&ipv4=10.0.0.9`]: '503 try again later',
    }))
      assert.equal(await site.get(target), expected);
  });

  it('note a value that is no address beside what came of the rest, and not what stands for none (D-5.4, D-7.10)', async (t) => {
    const site = await watch(t, { accept: 'any' });
    const update = (rest: string): Promise<string> =>
      site.get(`/nic/update?hostname=${HOST}&${rest}`, basic('', 'AllToken'));
    for (const rest of ['myip=', 'myip=auto', 'myip=0.0.0.0&myipv6=::', 'myip=no', 'myipv6=&ip6lanprefix='])
      await update(rest);
    assert.deepEqual(await site.attempts(), ['good: changed ×1', 'unchanged ×4']);
    const wrong = [
      'myip=300.1.1.1',
      'myip=10.0.0.7&myipv6=%3Cip6addr%3E',
      'myip=10.0.0.7&ip6lanprefix=2001:db8::g',
    ];
    const replies: string[] = [];
    for (const rest of wrong) replies.push(await update(rest));
    assert.deepEqual(replies, ['200 nochg 127.0.0.1', '200 good 10.0.0.7', '200 nochg 10.0.0.7']);
    assert.deepEqual(await site.attempts(), [
      'good: changed ×2',
      'malformed address or parameter ×3',
      'unchanged ×6',
    ]);
    await site.get(`/nic/update?hostname=${HOST}&myip=x`, basic('', 'wrong'));
    assert.ok((await site.attempts()).includes('wrong password or unknown token ×1'));
  });

  it('that no dialect served belong to the hosts that they name, or to those of their token (D-7.10)', async (t) => {
    const site = await watch(t);
    const vpn = 'vpn.example.test';
    const send = async (line: string, rest = ''): Promise<number | undefined> =>
      (await site.send(`${line} HTTP/1.1\r\nHost: d\r\nUser-Agent: router/1\r\n${rest}\r\n`)).status;
    const named = `/nic/update?hostname=${vpn}&myip=10.0.0.1`;
    assert.equal(await send(`DELETE ${named}`), 405);
    assert.equal(await send(`HEAD ${named}`, basic('', 'VpnToken')), 200);
    assert.equal(await send(`POST ${named}`, `Content-Length: 99999\r\n\r\n${'x'.repeat(99_999)}`), 413);
    assert.equal(await send('GET /nic/updaet?myip=10.0.0.1', basic('alice', 'VpnToken')), 404);
    assert.equal(await send(`GET /dynamic/update.php2?VpnToken`), 404);
    assert.equal(await send('GET /u/VpnToken/more'), 404);
    assert.equal(await send('GET /nic/updaet', basic(vpn, 'unknown')), 404);
    assert.equal(await send('DELETE /u/VpnToken'), 405);
    assert.deepEqual(await site.attempts(vpn), [
      'body too long, or cut short ×1',
      'method that updates nothing ×1',
      'method that updates nothing ×1',
      'method that updates nothing ×1',
      'wrong path ×1',
      'wrong path ×3',
    ]);
    assert.equal(site.published(vpn), '- -');
  });

  it('that were refused before they were proved belong to the hosts of their token (D-3.5, D-7.10)', async (t) => {
    const site = await watch(t, { server: { urlCredentials: 'https' } });
    const vpn = 'vpn.example.test';
    assert.match(await site.get('/u/VpnToken'), /^401 /);
    assert.match(await site.get('/update?domains=vpn&token=VpnToken'), /^401 KO/);
    assert.match(await site.get('/dynamic/update.php?VpnToken'), /^401 /);
    assert.match(await site.get('/nic/update?myip=10.0.0.1', basic('somebody', 'VpnToken')), /^401 badauth/);
    assert.match(await site.get('/u/Unknown'), /^401 /);
    assert.deepEqual(await site.attempts(vpn), [
      'plain HTTP refused ×1',
      'plain HTTP refused ×1',
      'plain HTTP refused ×1',
      'wrong user name for this host ×1',
    ]);
    assert.deepEqual(await site.attempts(), []);
  });

  it("at another's host are strangers', and the reply is that for a host that does not exist (D-7.2, D-7.10)", async (t) => {
    const site = await watch(t);
    const replies = [];
    for (const host of ['bobs.example.test', 'none.example.test'])
      replies.push(await site.get(`/nic/update?hostname=${host}&myip=10.0.0.1`, basic('', 'AllToken')));
    assert.deepEqual(replies, ['200 nohost', '200 nohost']);
    assert.deepEqual(await site.attempts('bobs.example.test'), ['credentials of another account ×1']);
  });
});
