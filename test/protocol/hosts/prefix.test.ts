/** Prefixes over real HTTP, and what real DNS queries find afterwards. */
import assert from 'node:assert/strict';
import { type TestContext, describe, it } from 'node:test';
import { createDnsServer } from '../../../src/dns/server/dns-server.ts';
import { interfaceIdFromMac, parseInterfaceId } from '../../../src/net/interface-id.ts';
import { askUdp } from '../../dns/client.ts';
import { decode, query } from '../../dns/message.ts';
import { SILENT_LOG } from '../../dns/zones.ts';
import { type Reply, type Site, basic, header, name, openSite } from '../site.ts';

const HOSTS = ['home', 'nas', 'cam'].map((label) => `${label}.example.test`);
const NAS = interfaceIdFromMac('00:11:32:12:34:56')!;
const FRITZ = 'Fritz!Box DDNS/1.0.1';

interface Home extends Site {
  /** Sends an update as a FRITZ!Box does. */
  update(parameters: string): Promise<Reply>;
  /** The addresses that DNS answers for a label below the zone. */
  resolve(label: string, type?: string): Promise<readonly string[]>;
}

/** A site with DNS where nas (subnet 3) and cam (subnet 0) are on home's prefix. */
async function openHome(t: TestContext): Promise<Home> {
  const site = await openSite(t, { hosts: HOSTS, accounts: { alice: 's3cret' } });
  const router = name('home.example.test');
  await site.define('nas.example.test', { router, subnet: 3, interfaceId: NAS });
  await site.define('cam.example.test', { router, subnet: 0, interfaceId: parseInterfaceId('::25')! });
  const dns = createDnsServer({
    listen: [{ address: '127.0.0.1', port: 0 }],
    zones: site.view,
    limits: {},
    log: SILENT_LOG,
  });
  await dns.start();
  t.after(() => dns.stop());
  const { port } = dns.addresses[0]!;
  return {
    ...site,
    update: (parameters) =>
      site.send(
        `GET /nic/update?hostname=home.example.test&${parameters} HTTP/1.1\r\nHost: x\r\n` +
          `User-Agent: ${FRITZ}\r\n${basic('alice', 's3cret')}\r\n`,
      ),
    resolve: async (label, type = 'AAAA') => {
      const { answer } = decode(await askUdp(port, query(`${label}.example.test`, type)));
      return answer.map((line) => line.split(/\s+/).at(-1)!);
    },
  };
}

describe('prefixes', () => {
  it('move the hosts on them with one line for the router, whose AAAA stays (D-12.3, D-12.4, D-12.5)', async (t) => {
    const home = await openHome(t);
    const addresses = 'myip=198.51.100.7&myipv6=2001:db8:9::1';
    const first = await home.update(`${addresses}&ip6lanprefix=2001:db8:1:200::/56`);
    assert.equal(first.body, 'good 198.51.100.7,2001:db8:9::1\n');
    assert.deepEqual(await home.resolve('nas'), ['2001:db8:1:203:211:32ff:fe12:3456']);
    const before = home.sequence();
    const moved = await home.update(`${addresses}&ip6lanprefix=2001:db8:2:300::/56`);
    assert.equal(moved.body, 'good 198.51.100.7,2001:db8:9::1\n');
    assert.equal(home.sequence(), before + 1, 'one commit for all of it');
    assert.deepEqual(await home.resolve('nas'), ['2001:db8:2:303:211:32ff:fe12:3456']);
    assert.deepEqual(await home.resolve('cam'), ['2001:db8:2:300::25']);
    assert.deepEqual(
      await home.resolve('home'),
      ['2001:db8:9::1'],
      'what the router looks up is what it sent',
    );
    assert.deepEqual(await home.resolve('home', 'A'), ['198.51.100.7']);
    const again = await home.update(`${addresses}&ip6lanprefix=2001:db8:2:300::/56`);
    assert.equal(again.body, 'nochg 198.51.100.7,2001:db8:9::1\n');
    assert.equal((await home.update(`${addresses}&ip6lanprefix=`)).body, again.body);
    assert.equal(home.sequence(), before + 1);
  });

  it('come in any syntax and under any name (D-12.1, D-12.2)', async (t) => {
    const home = await openHome(t);
    for (const [i, parameter] of [
      'ip6prefix=2001:db8:0:N00::/56',
      'ipv6prefix=%5B2001:db8:0:N00::/56%5D',
      'prefix=2001:DB8:0:0N00:0:0:0:0',
      'prefix=2001:db8:0:N00::%25br0/56',
      'myipv6=2001:db8:0:N00::/56',
      'myipv6=2001:db8:0:N00::',
    ].entries()) {
      const reply = await home.update(parameter.replace('N', String(i + 1)));
      assert.match(reply.body, /^good /, parameter);
      assert.deepEqual(await home.resolve('cam'), [`2001:db8:0:${i + 1}00::25`], parameter);
      assert.deepEqual(await home.resolve('home'), [], 'a prefix is published nowhere');
    }
    const sequence = home.sequence();
    assert.equal(
      (await home.update('myip=198.51.100.7&ip6lanprefix=<ip6lanprefix>')).body,
      'good 198.51.100.7\n',
    );
    assert.equal(
      (await home.update('myip=198.51.100.7&myipv6=2001:db8:7::1/64')).body,
      'good 198.51.100.7,2001:db8:7::1\n',
    );
    assert.deepEqual(await home.resolve('cam'), ['2001:db8:0:600::25']);
    assert.equal(home.sequence(), sequence + 2);
  });

  it('without room for a host do not stop the router, and say what is wrong (D-12.6, D-7.5, D-7.7)', async (t) => {
    const home = await openHome(t);
    await home.update('ip6lanprefix=2001:db8:1:200::/56');
    const reply = await home.update('myipv6=2001:db8:9::1&ip6lanprefix=2001:db8:2:300::/64');
    assert.equal(reply.body, 'good 2001:db8:9::1\n');
    const reason = 'nas.example.test: 2001:db8:2:300::/64 has no subnet but 0, and it is in subnet 3';
    assert.deepEqual(header(reply, 'X-Homing-Reason'), [reason]);
    assert.ok(reply.raw.length < 1024);
    assert.deepEqual(home.log.at(-1)?.fields['notices'], [reason]);
    assert.deepEqual(await home.resolve('home'), ['2001:db8:9::1']);
    assert.deepEqual(await home.resolve('cam'), ['2001:db8:2:300::25']);
    assert.deepEqual(await home.resolve('nas'), ['2001:db8:1:203:211:32ff:fe12:3456'], 'the last one stays');
    const both = await home.update('ip6lanprefix=2001:db8:2:300::/72');
    assert.match(header(both, 'X-Homing-Reason')[0]!, /^nas\.example\.test: .* 16 to 64 bits; and 1 more$/);
    const fine = await home.update('ip6lanprefix=2001:db8:2:300::/56');
    assert.deepEqual(header(fine, 'X-Homing-Reason'), []);
    assert.equal('notices' in home.log.at(-1)!.fields, false);
  });

  it('are all a host on one gets its IPv6 address from (D-12.7, D-12.8)', async (t) => {
    const home = await openHome(t);
    await home.update('ip6lanprefix=2001:db8:1:200::/56');
    const reply = await home.update('hostname=cam.example.test&myipv6=2001:db8:f::f');
    assert.equal(reply.body, 'good 2001:db8:f::f\nnochg 2001:db8:1:200::25\n');
    assert.deepEqual(header(reply, 'X-Homing-Reason'), [
      'cam.example.test: its IPv6 address comes from the prefix of home.example.test, not from its own updates',
    ]);
    assert.deepEqual(await home.resolve('cam'), ['2001:db8:1:200::25']);
  });

  it('of a blocked router move nobody (D-12.9)', async (t) => {
    const home = await openHome(t);
    await home.update('ip6lanprefix=2001:db8:1:200::/56');
    await home.block('home.example.test');
    assert.equal((await home.update('ip6lanprefix=2001:db8:2:300::/56')).body, 'abuse\n');
    assert.deepEqual(await home.resolve('cam'), ['2001:db8:1:200::25']);
  });

  it('that can not be made durable move nobody', async (t) => {
    const home = await openHome(t);
    await home.update('ip6lanprefix=2001:db8:1:200::/56');
    home.breakStore(true);
    assert.equal((await home.update('ip6lanprefix=2001:db8:2:300::/56')).body, '911\n');
    assert.deepEqual(await home.resolve('cam'), ['2001:db8:1:200::25']);
    home.breakStore(false);
    assert.equal((await home.update('ip6lanprefix=2001:db8:2:300::/56')).body, 'good 0.0.0.0\n');
    assert.deepEqual(await home.resolve('cam'), ['2001:db8:2:300::25']);
  });
});
