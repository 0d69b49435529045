import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseHostname } from '../../../../src/http/update/hostnames.ts';
import { formatHostname } from '../../../../src/zone/name.ts';

function read(text: string): string | undefined {
  const name = parseHostname(text);
  return name === undefined ? undefined : formatHostname(name);
}

describe('host names in updates', () => {
  it('takes any case, a trailing dot, underscores, a wildcard label and IDNs (D-4.1)', () => {
    assert.equal(read('HOME.Example.TEST.'), 'home.example.test');
    assert.equal(read('my_nas.example.test'), 'my_nas.example.test');
    assert.equal(read('*.home.example.test'), '*.home.example.test');
    assert.equal(read('büro.example.test'), 'xn--bro-hoa.example.test');
    assert.equal(read('4.example.test'), '4.example.test');
  });

  it('refuses what is not fully qualified', () => {
    for (const text of [
      '',
      'home',
      '.',
      'home..test',
      '.home.test',
      '-home.test',
      'home-.test',
      'a b.test',
      'home.test/x',
      'home.test:80',
      'home\\.x.test',
      '198.51.100.7',
      '2001:db8::7',
      'b\ufffdro.example.test',
      'home.test..',
      'a.*.test',
      `${'a'.repeat(64)}.test`,
      `${'a.'.repeat(127)}test`,
    ]) {
      assert.equal(read(text), undefined, text);
    }
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        parseHostname(text);
      }),
    );
  });
});
