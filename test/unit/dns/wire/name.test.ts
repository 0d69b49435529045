import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { MAX_HOPS, readName, skipName } from '../../../../src/dns/wire/name.ts';
import { nameFromLabels, parseName } from '../../../../src/zone/name.ts';
import { words } from '../../../dns/message.ts';

const HEADER = Buffer.alloc(12);
const message = (...parts: (Uint8Array | string)[]): Buffer =>
  Buffer.concat([
    HEADER,
    ...parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)),
  ]);
const read = (bytes: Uint8Array, at: number, hops = MAX_HOPS): ReturnType<typeof readName> =>
  readName(bytes, at, { hops });

void test('every name is read back in lower case, with the offset after it', () => {
  const octet = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
  const label = fc.string({ unit: octet, minLength: 1, maxLength: 63 });
  fc.assert(
    fc.property(fc.array(label, { maxLength: 8 }), (labels) => {
      const name = nameFromLabels(labels);
      const wire = labels.map((text) => String.fromCharCode(text.length) + text).join('') + '\0';
      const bytes = message(wire, 'rest');
      if (name === undefined) assert.equal(read(bytes, 12), undefined);
      else assert.deepEqual(read(bytes, 12), { name, end: 12 + wire.length });
      assert.equal(skipName(bytes, 12), name === undefined ? undefined : 12 + wire.length);
    }),
  );
});

void test('a pointer means an earlier name (RFC 1035 §4.1.4)', () => {
  const bytes = message('\x04Test\0', '\x03www', words(0xc00c), '\x01a', words(0xc012));
  assert.deepEqual(read(bytes, 18), { name: parseName('www.test'), end: 24 });
  assert.deepEqual(read(bytes, 24), { name: parseName('a.www.test'), end: 28 });
});

void test('pointers forwards, to themselves, into the header and past the end are refused', () => {
  for (const pointer of [0xc00e, 0xc00c, 0xc000, 0xc00b, 0xffff]) {
    const bytes = message(words(pointer), '\x01a\0');
    assert.equal(read(bytes, 12), undefined, pointer.toString(16));
    assert.equal(skipName(bytes, 12), undefined, pointer.toString(16));
  }
  assert.equal(skipName(message(Buffer.of(0xc0)), 12), undefined, 'half a pointer');
});

void test('reserved label types and names that the message cuts off are refused', () => {
  for (const bytes of ['\x40a\0', '\x80a\0', '\x3fabc', '\x01a', '']) {
    assert.equal(read(message(bytes), 12), undefined);
    assert.equal(skipName(message(bytes), 12), undefined);
  }
});

void test('the hops of a whole message are counted', () => {
  const chain = Array.from({ length: 100 }, (_, i) => words(0xc00c + 2 * i));
  const bytes = message('\0\0', ...chain.slice(0, 1), ...chain.slice(1));
  const at = (hops: number): number => 12 + 2 * hops;
  assert.equal(read(bytes, at(MAX_HOPS))?.end, at(MAX_HOPS) + 2);
  assert.equal(read(bytes, at(MAX_HOPS + 1)), undefined);
  const budget = { hops: MAX_HOPS };
  assert.ok(readName(bytes, at(20), budget));
  assert.equal(readName(bytes, at(20), budget), undefined, 'the second name finds too few left');
  assert.equal(skipName(bytes, at(99)), at(100), 'skipping follows none');
});

void test('a name that grows over 255 octets by its pointers is refused', () => {
  const label = '\x3f' + 'a'.repeat(63);
  const bytes = message(label.repeat(3), '\0', label, words(0xc00c));
  assert.ok(skipName(bytes, 12 + 193));
  assert.equal(read(bytes, 12 + 193), undefined);
});
