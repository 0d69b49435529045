import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RRTYPE, formatRRType, isStorableType, parseRRType } from '../../../src/zone/rrtype.ts';

test('every type number has a text that gives it back', () => {
  for (let type = 0; type <= 0xffff; type++) assert.equal(parseRRType(formatRRType(type)), type);
});

test('mnemonics and generic names in any case', () => {
  assert.equal(parseRRType('aaaa'), 28);
  assert.equal(parseRRType('TyPe28'), 28);
  assert.equal(formatRRType(28), 'AAAA');
  assert.equal(formatRRType(65280), 'TYPE65280');
  for (const text of ['', 'TYPE', 'TYPE65536', 'TYPE-1', 'TYPE1x', 'toString', '__proto__', 'A ']) {
    assert.equal(parseRRType(text), undefined, text);
  }
});

test('questions and protocol records are not stored', () => {
  for (const type of [
    0,
    RRTYPE.OPT,
    RRTYPE.TSIG,
    RRTYPE.IXFR,
    RRTYPE.AXFR,
    RRTYPE.ANY,
    RRTYPE.MAILB,
    128,
    65536,
    -1,
  ]) {
    assert.equal(isStorableType(type), false, String(type));
  }
  for (const type of [RRTYPE.A, RRTYPE.SOA, RRTYPE.CAA, RRTYPE.SPF, 127, 65280, 65535]) {
    assert.equal(isStorableType(type), true, String(type));
  }
});
