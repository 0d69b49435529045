import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { NetworkList, maskWord, peerOf, readPeer, readSource } from '../../../../src/dns/rrl/source-words.ts';
import { addressBytes, addressFromBytes, parseIpAddress } from '../../../../src/net/ip-address.ts';
import { type IpPrefix, parseIpPrefix, prefixContains, prefixOf } from '../../../../src/net/ip-prefix.ts';

const bytesOf = (text: string): Uint8Array => addressBytes(parseIpAddress(text)!);
const words = new Int32Array(4);

function holds(list: NetworkList, bytes: Uint8Array): boolean {
  const family = readSource(bytes, 0, bytes.length as 4 | 16, words);
  return list.holds(words, family);
}

void test('words are the network bytes in order, wherever they stand', () => {
  const packet = Buffer.concat([Buffer.alloc(5, 0xff), bytesOf('192.0.2.1'), bytesOf('2001:db8::ff00:1')]);
  assert.equal(readSource(packet, 5, 4, words), 4);
  assert.equal(words[0], 0xc0000201 | 0);
  assert.equal(readSource(packet, 9, 16, words), 6);
  assert.deepEqual([...words], [0x20010db8, 0, 0, 0xff000001 | 0]);
});

void test('an IPv4-mapped IPv6 address is IPv4; its neighbours are not', () => {
  const mapped = Buffer.from('00000000000000000000ffffc0000201', 'hex');
  assert.equal(readSource(mapped, 0, 16, words), 4);
  assert.equal(words[0], 0xc0000201 | 0);
  for (const at of [0, 9, 10, 11]) {
    const other = Buffer.from(mapped);
    other[at]! ^= 1;
    assert.equal(readSource(other, 0, 16, words), 6);
  }
});

void test('masks of whole and partial words', () => {
  const masks = [0, 1, 31, 32, 56, 64, 128].map((length) =>
    [0, 32, 64].map((from) => maskWord(length, from) >>> 0),
  );
  assert.deepEqual(masks, [
    [0, 0, 0],
    [0x80000000, 0, 0],
    [0xfffffffe, 0, 0],
    [0xffffffff, 0, 0],
    [0xffffffff, 0xffffff00, 0],
    [0xffffffff, 0xffffffff, 0],
    [0xffffffff, 0xffffffff, 0xffffffff],
  ]);
});

void test('a list holds what one of its networks holds', () => {
  const list = new NetworkList(
    ['127.0.0.0/8', '::1/128', '198.51.100.7'].map((text) => parseIpPrefix(text)!),
  );
  const inside = ['127.0.0.1', '127.255.255.255', '::1', '198.51.100.7'];
  const outside = ['126.255.255.255', '128.0.0.0', '::', '::2', '198.51.100.6', '7f00::1'];
  assert.deepEqual(
    inside.filter((text) => !holds(list, bytesOf(text))),
    [],
  );
  assert.deepEqual(
    outside.filter((text) => holds(list, bytesOf(text))),
    [],
  );
  assert.ok(holds(list, Buffer.from('00000000000000000000ffff7f000001', 'hex')));
  assert.equal(holds(new NetworkList([]), bytesOf('127.0.0.1')), false);
  assert.ok(holds(new NetworkList([parseIpPrefix('0.0.0.0/0')!]), bytesOf('203.0.113.9')));
});

void test('any list agrees with the prefixes that it was made of', () => {
  // Few different bits, so that networks and addresses meet often.
  const address = fc.oneof(
    ...[4, 16].map((length) =>
      fc
        .array(fc.constantFrom(0, 1, 128), { minLength: length, maxLength: length })
        .map((a) => Uint8Array.from(a)),
    ),
  );
  const network = fc
    .tuple(address, fc.nat({ max: 128 }))
    .map(([bytes, length]): IpPrefix =>
      prefixOf(addressFromBytes(bytes), Math.min(length, bytes.length * 8)),
    );
  fc.assert(
    fc.property(fc.array(network, { maxLength: 5 }), address, (networks, bytes) => {
      const expected = networks.some((prefix) => prefixContains(prefix, addressFromBytes(bytes)));
      assert.equal(holds(new NetworkList(networks), bytes), expected);
    }),
    { numRuns: 1000 },
  );
});

void test("a peer's address is read from the text that Node has for it", () => {
  const into = { bytes: new Uint8Array(16), at: 7, length: 0 };
  const read = (text: string): string | undefined =>
    readPeer(text, into)
      ? Buffer.from(into.bytes.subarray(into.at, into.at + into.length)).toString('hex')
      : undefined;
  for (const [text, expected] of [
    ['192.0.2.7', 'c0000207'],
    ['0.0.0.0', '00000000'],
    ['255.255.255.255', 'ffffffff'],
    ['::ffff:192.0.2.7', 'c0000207'],
    ['2001:db8::1', '20010db8000000000000000000000001'],
    ['fe80::1%eth0', 'fe800000000000000000000000000001'],
  ] as const)
    assert.equal(read(text), expected, text);
  for (const text of [
    '',
    '.',
    '1.2.3',
    '1.2.3.',
    '.1.2.3',
    '1..2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.4 ',
    'nobody',
    '%',
  ])
    assert.equal(read(text), undefined, text);
  assert.equal(peerOf('nobody'), undefined);
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
      const { bytes, length } = peerOf(text)!;
      assert.deepEqual(Buffer.from(bytes.subarray(0, length)), addressBytes(parseIpAddress(text)!));
    }),
  );
});
