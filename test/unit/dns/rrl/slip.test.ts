import assert from 'node:assert/strict';
import test from 'node:test';
import { answerQuery } from '../../../../src/dns/answer.ts';
import { EDNS_OPTION } from '../../../../src/dns/edns/opt.ts';
import { encodeSlip, slipInPlace } from '../../../../src/dns/rrl/slip.ts';
import { parseRequest } from '../../../../src/dns/wire/request.ts';
import { decode, opt, query, words } from '../../../dns/message.ts';
import { answerContext, exampleZone, zoneSet } from '../../../dns/zones.ts';

const zones = zoneSet(exampleZone());

/** The slipped reply made from the query, which must be what the finished answer becomes in place. */
function slipBothWays(bytes: Uint8Array): Uint8Array {
  const request = parseRequest(bytes)!;
  const slipped = encodeSlip(request);
  const response = answerQuery(bytes, answerContext(zones))!;
  const batch = Buffer.concat([Buffer.alloc(9, 0xee), response, Buffer.alloc(9, 0xee)]);
  const optLength = decode(response).opt === undefined ? 0 : 11;
  const length = slipInPlace(batch, 9, response.length, optLength);
  assert.deepEqual(batch.subarray(9, 9 + length), Buffer.from(slipped));
  assert.ok([...batch.subarray(0, 9), ...batch.subarray(-9)].every((byte) => byte === 0xee));
  return slipped;
}

void test('octet by octet: id, QR TC RD, the question as it was asked, an OPT', () => {
  const bytes = slipBothWays(query('HOME.example.test', 'A', { id: 0xabcd, flags: 0x0110, opt: opt() }));
  assert.equal(
    Buffer.from(bytes).toString('hex'),
    'abcd83000001000000000001' +
      '04484f4d45076578616d706c65047465737400' +
      '00010001' +
      '00' +
      '0029' +
      '04d0' +
      '00000000' +
      '0000',
  );
});

void test('whatever would have been answered, nothing of it is left and the reply is no longer than the query', () => {
  for (const name of ['home', 'www', 'big', 'many', 'nope', 'a.b.c.wild', 'mail']) {
    for (const type of ['A', 'AAAA', 'TXT', 'MX']) {
      for (const edns of [undefined, opt(), opt({ size: 512, flags: 0x8000 })]) {
        const bytes = query(`${name}.example.test`, type, edns === undefined ? {} : { opt: edns });
        const slipped = slipBothWays(bytes);
        assert.equal(slipped.length, bytes.length);
        const { flags, rcode, answer, authority, additional, opt: ours } = decode(slipped);
        assert.deepEqual({ flags, rcode }, { flags: ['qr', 'tc'], rcode: 'NOERROR' });
        assert.deepEqual([...answer, ...authority, ...additional], []);
        assert.deepEqual(ours?.flags, edns === undefined ? undefined : edns.readUInt16BE(7));
      }
    }
  }
});

void test('errors slip like answers, BADVERS among them', () => {
  const bytes = slipBothWays(query('home.example.test', 'A', { opt: opt({ version: 3 }) }));
  assert.equal(decode(bytes).rcode, 'NOERROR');
  assert.equal(decode(slipBothWays(query('example.test', 'SOA', { flags: 4 << 11 }))).opcode, 4);
});

void test('without a question that can be echoed there is a header alone', () => {
  const bytes = slipBothWays(Buffer.concat([words(7, 0x0100, 0, 0, 0, 1), opt()]));
  assert.deepEqual(decode(bytes).flags, ['qr', 'tc', 'rd']);
  assert.equal(bytes.length, 23);
  assert.equal(slipBothWays(words(7, 0, 2, 0, 0, 0)).length, 12);
});

void test('options reach a client that sent an OPT, and none other', () => {
  const cookie = { code: EDNS_OPTION.COOKIE, data: Buffer.alloc(24, 5) };
  const slip = (bytes: Uint8Array) => decode(encodeSlip(parseRequest(bytes)!, [cookie])).opt;
  assert.deepEqual(slip(query('home.example.test', 'A', { opt: opt() }))?.options, [cookie]);
  assert.equal(slip(query('home.example.test', 'A')), undefined);
});
