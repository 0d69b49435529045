import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDuration, parseTtl } from '../../../src/zone/ttl.ts';

test('times in seconds and with units', () => {
  const cases: readonly (readonly [string, number | undefined])[] = [
    ['0', 0],
    ['3600', 3600],
    ['1h', 3600],
    ['1h30m', 5400],
    ['1W2D3H4M5S', 788645],
    ['30m1h', 5400],
    ['4294967295', 4294967295],
    ['4294967296', undefined],
    ['7102w', undefined],
    ['', undefined],
    ['h', undefined],
    ['1h30', undefined],
    ['1y', undefined],
    ['-1', undefined],
    ['1.5h', undefined],
    ['99999999999', undefined],
  ];
  for (const [text, seconds] of cases) assert.equal(parseDuration(text), seconds, text);
});

test('a TTL has 31 bits (RFC 2181 §8)', () => {
  assert.equal(parseTtl('2147483647'), 2147483647);
  assert.equal(parseTtl('2147483648'), undefined);
  assert.equal(parseTtl('1d'), 86400);
});
