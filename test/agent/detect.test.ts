/** How an address is found: the quorum, STUN, interfaces, commands, and what a captive portal says. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkDocument } from '../../clients/agent/src/config/load.ts';
import { parseAddress } from '../../clients/agent/src/detect/address.ts';
import { askCommand } from '../../clients/agent/src/detect/command.ts';
import { type InterfaceAddress, chooseAddress } from '../../clients/agent/src/detect/interface-address.ts';
import { agreedAddress } from '../../clients/agent/src/detect/quorum.ts';
import { askStun } from '../../clients/agent/src/detect/stun.ts';
import { decodeBindingResponse, encodeBindingRequest } from '../../clients/agent/src/detect/stun-message.ts';
import {
  parseIfconfig,
  parseIpJson,
  parseNetIpAddresses,
  systemAddresses,
} from '../../clients/agent/src/detect/system-addresses.ts';

const signal = (ms = 5000): AbortSignal => AbortSignal.timeout(ms);
const node = process.execPath;

test('A-1.1 an address counts once enough sources gave it, and no source outvotes by speaking twice', () => {
  const say = (...pairs: readonly (readonly [string, string?])[]): Parameters<typeof agreedAddress>[0] =>
    pairs.map(([source, address]) => ({ source, ...(address === undefined ? {} : { address }) }));
  assert.equal(agreedAddress(say(['a', '9.9.9.9'], ['b', '9.9.9.9'], ['c', '1.1.1.1']), 2), '9.9.9.9');
  assert.equal(agreedAddress(say(['a', '9.9.9.9'], ['b', '1.1.1.1'], ['c']), 2), undefined);
  assert.equal(agreedAddress(say(['a', '9.9.9.9'], ['a', '9.9.9.9']), 2), undefined);
  assert.equal(agreedAddress(say(['a', '9.9.9.9'], ['b', '1.1.1.1']), 1), undefined, 'a tie is no quorum');
  assert.equal(agreedAddress([], 1), undefined);
});

test('A-1.8 the rule for the server alone is one of the defaults, and what is configured replaces it', () => {
  const valid = {
    servers: { home: { url: 'https://ddns.example.org', secret: 'x' } },
    hosts: [{ name: 'pc.dyn.example.org' }],
  };
  for (const [ipv4, byDefault] of [
    [{ timeout: '2s' }, true],
    [{ quorum: 2 }, false],
    [{ sources: ['server', 'https://api.ipify.org', 'https://ipv4.icanhazip.com'] }, false],
  ] as const) {
    const all = checkDocument({ ...valid, detect: { ipv4 } }, 'linux');
    const own = checkDocument(
      { ...valid, hosts: [{ name: 'pc.dyn.example.org', detect: { ipv4 } }] },
      'linux',
    );
    for (const result of [all, own])
      assert.equal(result.ok && result.config.hosts[0]!.detect.ipv4!.byDefault, byDefault);
    assert.ok(all.ok && all.config.hosts[0]!.detect.ipv6!.byDefault, 'each family by itself');
  }
});

test('A-1.5 private addresses count where they are allowed; some never do', () => {
  const wanted = { family: 'ipv4', allowPrivate: true } as const;
  assert.deepEqual(parseAddress('10.1.2.3', wanted), { ok: true, value: '10.1.2.3' });
  for (const text of ['0.0.0.0', '224.0.0.1', '255.255.255.255', '::ffff:9.9.9.9', '2620:fe::fe'])
    assert.equal(parseAddress(text, wanted).ok, false, text);
  assert.equal(parseAddress('fd00::1', { family: 'ipv6', allowPrivate: true }).ok, true);
  assert.equal(parseAddress('64:ff9b::909:909', { family: 'ipv6', allowPrivate: false }).ok, false);
});

test('A-1.3 STUN: the address of an answer with the right transaction ID, and nothing else', async (t) => {
  const server = createSocket('udp4');
  t.after(() => server.close());
  let asked = 0;
  server.on('message', (request, peer) => {
    asked += 1;
    // The first datagram is lost, and strangers answer with another transaction ID.
    if (asked === 1) return;
    server.send(bindingResponse(request, [1, 1, 1, 1], 0xff), peer.port, peer.address);
    server.send(bindingResponse(request, [9, 9, 9, 9], 0), peer.port, peer.address);
  });
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  assert.equal(await askStun({ host: '127.0.0.1', port }, 'ipv4', signal()), '9.9.9.9');
  await assert.rejects(askStun({ host: '127.0.0.1', port: 9 }, 'ipv4', signal(300)));
});

test('STUN datagrams of every kind are read without an exception', () => {
  const transaction = Buffer.from('abcdefghijkl');
  const request = encodeBindingRequest(transaction);
  assert.equal(request.length, 20);
  const whole = bindingResponse(request, [9, 9, 9, 9], 0);
  assert.equal(decodeBindingResponse(whole, transaction), '9.9.9.9');
  for (let length = 0; length < whole.length; length++)
    assert.equal(decodeBindingResponse(whole.subarray(0, length), transaction), undefined);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (tail) => {
      const datagram = Buffer.concat([whole.subarray(0, 20), tail]);
      datagram.writeUInt16BE(tail.length, 2);
      const address = decodeBindingResponse(datagram, transaction);
      return address === undefined || typeof address === 'string';
    }),
  );
});

test('A-1.3 a command: its first line, exit code 0, no shell, in time', async () => {
  const run = (code: string, ms?: number): Promise<string> =>
    askCommand({ program: node, args: ['-e', code] }, signal(ms));
  assert.equal(await run('console.log("9.9.9.9\\nsecond")'), '9.9.9.9');
  await assert.rejects(run('console.log("9.9.9.9"); process.exitCode = 3'), /ended with 3/);
  await assert.rejects(run('setTimeout(() => {}, 10000)', 400), /in time/);
  await assert.rejects(askCommand({ program: '/no/such/program', args: [] }, signal()), /does not exist/);
  assert.equal(await askCommand({ program: 'echo', args: ['$(id)'] }, signal()), '$(id)');
});

test('A-1.6 of the IPv6 addresses the stable one is taken', () => {
  const wanted = { family: 'ipv6', allowPrivate: false } as const;
  const entry = (address: string, more: Partial<InterfaceAddress> = {}): InterfaceAddress => ({
    ...{ interface: 'eth0', address, flagsKnown: true, unstable: false },
    ...more,
  });
  const choose = (
    entries: readonly InterfaceAddress[],
    more: Parameters<typeof chooseAddress>[2] = {},
  ): string => {
    const forward = chooseAddress(entries, wanted, more);
    assert.deepEqual(
      chooseAddress([...entries].reverse(), wanted, more),
      forward,
      'the order does not matter',
    );
    return forward.ok ? forward.value : '';
  };
  const temporary = entry('2620:fe::aaaa', { unstable: true, preferredSeconds: 9999 });
  const short = entry('2620:fe::1', { preferredSeconds: 100 });
  const long = entry('2620:fe::2', { preferredSeconds: Infinity });
  assert.equal(choose([temporary, short, long, entry('fe80::1%eth0'), entry('::1')]), '2620:fe::2');
  assert.equal(choose([entry('2620:fe::b'), entry('2620:fe::a')]), '2620:fe::a', 'the lowest');
  assert.equal(choose([temporary]), '');
  assert.equal(
    choose([entry('2620:fe::1', { interface: 'wlan0' }), long], { interface: 'wlan0' }),
    '2620:fe::1',
  );
  const unknown = (address: string): InterfaceAddress => entry(address, { flagsKnown: false });
  const some = [unknown('2620:fe::1:2:3:4'), unknown('2620:fe::211:22ff:fe33:4455')];
  assert.equal(choose(some), '2620:fe::211:22ff:fe33:4455', 'EUI-64');
  assert.equal(choose(some, { before: '2620:fe::1:2:3:4' }), '2620:fe::1:2:3:4', 'what was acknowledged');
});

test('what the systems say about their interfaces is read', async () => {
  const linux = parseIpJson(
    JSON.stringify([
      {
        ifname: 'eth0',
        addr_info: [
          { family: 'inet', local: '9.9.9.9', preferred_life_time: 4_294_967_295 },
          { family: 'inet6', local: '2620:fe::1', temporary: true, preferred_life_time: 100 },
          { family: 'inet6', local: '2620:fe::2', preferred_life_time: 3600 },
          { family: 'inet6', local: '2620:fe::3', deprecated: true, preferred_life_time: 0 },
        ],
      },
      {},
    ]),
  );
  assert.deepEqual(
    linux.map(({ address, unstable, preferredSeconds }) => [address, unstable, preferredSeconds]),
    [
      ['9.9.9.9', false, Infinity],
      ['2620:fe::1', true, 100],
      ['2620:fe::2', false, 3600],
      ['2620:fe::3', true, 0],
    ],
  );
  const windows = parseNetIpAddresses(
    '[{"InterfaceAlias":"Ethernet","IPAddress":"2620:fe::1","Suffix":"Random","State":"Preferred","Preferred":60},' +
      '{"InterfaceAlias":"Ethernet","IPAddress":"2620:fe::2","Suffix":"Link","State":"Preferred","Preferred":60},' +
      '{"InterfaceAlias":"Ethernet","IPAddress":"2620:fe::3","Suffix":"Link","State":"Deprecated","Preferred":0}]',
  );
  assert.deepEqual(
    windows.map(({ unstable }) => unstable),
    [true, false, true],
  );
  const mac = parseIfconfig(
    'en0: flags=8863<UP> mtu 1500\n\tether 00:11:22:33:44:55\n\tinet6 fe80::1%en0 prefixlen 64 scopeid 0x4\n' +
      '\tinet6 2620:fe::2 prefixlen 64 autoconf secured\n\tinet6 2620:fe::3 prefixlen 64 autoconf temporary\n' +
      '\tinet 9.9.9.9 netmask 0xffffff00 broadcast 9.9.9.255\nlo0: flags=8049<UP>\n\tinet 127.0.0.1 netmask 0xff000000\n',
  );
  assert.deepEqual(
    mac.map(({ interface: name, address, unstable }) => [name, address, unstable]),
    [
      ['en0', 'fe80::1', false],
      ['en0', '2620:fe::2', false],
      ['en0', '2620:fe::3', true],
      ['en0', '9.9.9.9', false],
      ['lo0', '127.0.0.1', false],
    ],
  );
  const here = await systemAddresses(process.platform, signal());
  assert.ok(here.some(({ address }) => address === '127.0.0.1'));
  // Without the program of the system there is still Node's own list.
  const plain = await systemAddresses('freebsd', AbortSignal.abort());
  assert.ok(plain.some(({ address }) => address === '127.0.0.1'));
});

/** A Binding success for a request; `spoil` changes the transaction ID. */
function bindingResponse(request: Buffer, address: readonly number[], spoil: number): Buffer {
  const header = Buffer.from(request.subarray(0, 20));
  header.writeUInt16BE(0x0101, 0);
  header[19] = header[19]! ^ spoil;
  const software = Buffer.from([0x80, 0x22, 0, 1, 0x78, 0, 0, 0]);
  const port = Buffer.from([0, 1, 0x21, 0x12]);
  const mapped = Buffer.from(address.map((octet, i) => octet ^ header[4 + i]!));
  const attribute = Buffer.concat([Buffer.from([0, 0x20, 0, 8]), port, mapped]);
  header.writeUInt16BE(software.length + attribute.length, 2);
  return Buffer.concat([header, software, attribute]);
}
