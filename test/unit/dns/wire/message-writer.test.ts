import assert from 'node:assert/strict';
import test from 'node:test';
import { MessageWriter } from '../../../../src/dns/wire/message-writer.ts';
import { parseName } from '../../../../src/zone/name.ts';
import { parseRdata } from '../../../../src/zone/rdata/rdata.ts';
import type { RRset } from '../../../../src/zone/rrset.ts';
import { formatRRType, parseRRType } from '../../../../src/zone/rrtype.ts';
import { wireName, words } from '../../../dns/message.ts';

const ORIGIN = parseName('example.test')!;

function rrset(type: string, ...texts: string[]): RRset {
  const number = parseRRType(type)!;
  const rdata = texts.map((text) => {
    const parsed = parseRdata(number, text, ORIGIN);
    assert.ok(parsed.ok, formatRRType(number));
    return parsed.value;
  });
  return { type: number, ttl: 60, rdata };
}

/** A writer that has written a header and the question `name`. */
function writer(name: string, limit = 512): MessageWriter {
  const made = new MessageWriter(limit, 1);
  made.writeBytes(new Uint8Array(12));
  made.writeQuestion(Buffer.concat([wireName(name), words(1, 1)]), parseName(name)!);
  return made;
}

const after = (made: MessageWriter, question: string): string =>
  Buffer.from(made.finish()).toString('latin1', 12 + wireName(question).length + 4);

void test('an owner that was asked for is a pointer to the question, whatever its case', () => {
  const made = writer('hOmE.Example.test');
  made.writeRRset({ owner: parseName('home.example.test')!, rrset: rrset('A', '192.0.2.1') }, 0);
  assert.equal(after(made, 'home.example.test'), '\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02\x01');
});

void test('names in rdata of RFC 1035 types are compressed, with each other too', () => {
  const made = writer('example.test');
  made.writeRRset({ owner: ORIGIN, rrset: rrset('MX', '10 mail', '20 mail.other.') }, 0);
  made.writeRRset({ owner: ORIGIN, rrset: rrset('NS', 'x.mail.other.') }, 0);
  const bytes = after(made, 'example.test');
  assert.ok(bytes.includes('\0\x09\0\x0a\x04mail\xc0\x0c'), 'mail + pointer');
  assert.ok(bytes.includes('\0\x0e\0\x14\x04mail\x05other\0'), 'nothing to point to');
  const other = 12 + 18 + bytes.indexOf('\x04mail\x05other');
  assert.ok(bytes.endsWith('\0\x04\x01x' + String.fromCharCode(0xc0 | (other >> 8), other & 0xff)));
});

void test('names in rdata of later types are not compressed (RFC 3597 §4)', () => {
  for (const [type, text, tail] of [
    ['SRV', '1 2 5060 home', '\x04home\x07example\x04test\0'],
    ['DNAME', 'home', '\x04home\x07example\x04test\0'],
    ['HTTPS', '1 home', '\x04home\x07example\x04test\0'],
  ] as const) {
    const made = writer('example.test');
    made.writeRRset({ owner: ORIGIN, rrset: rrset(type, text) }, 0);
    assert.ok(after(made, 'example.test').endsWith(tail), type);
  }
});

void test('an RRset that does not fit leaves no trace', () => {
  const made = writer('example.test', 100);
  const owner = parseName('new.example.test')!;
  const big = rrset('A', ...Array.from({ length: 5 }, (_, i) => `192.0.2.${i}`));
  assert.equal(made.writeRRset({ owner, rrset: big }, 0), false);
  assert.equal(after(made, 'example.test'), '');

  const again = writer('example.test', 100);
  again.writeRRset({ owner, rrset: big }, 0);
  assert.equal(again.writeRRset({ owner, rrset: rrset('A', '192.0.2.1') }, 0), true);
  assert.ok(after(again, 'example.test').startsWith('\x03new\xc0\x0c'), 'no pointer to what was taken back');
});

void test('space can be kept free', () => {
  const one = { owner: ORIGIN, rrset: rrset('A', '192.0.2.1') };
  const size = 12 + 18 + 16;
  assert.equal(writer('example.test', size).writeRRset(one, 0), true);
  assert.equal(writer('example.test', size).writeRRset(one, 1), false);
  assert.equal(writer('example.test', size + 11).writeRRset(one, 11), true);
});

void test('a long message grows, and pointers stay below 16384', () => {
  const made = writer('example.test', 65_535);
  for (let i = 0; i < 700; i++) {
    const owner = parseName(`host-${i}.part-${i}.example.test`)!;
    assert.ok(made.writeRRset({ owner, rrset: rrset('A', '192.0.2.1') }, 0));
    assert.ok(made.writeRRset({ owner, rrset: rrset('NS', `ns.part-${i}`) }, 0));
  }
  const bytes = Buffer.from(made.finish());
  assert.ok(bytes.length > 40_000);
  const tail = '\x02ns\x08part-699\xc0\x0c';
  assert.equal(bytes.toString('latin1', bytes.length - tail.length), tail, 'only the question is in reach');
});
