import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseHostname, parseHostnameOrWildcard } from '../../../src/zone/hostname.ts';
import { formatHostname, labelCount, labelsOf } from '../../../src/zone/name.ts';

describe('host names as they are typed (D-4.1)', () => {
  const accepted: readonly (readonly [typed: string, name: string])[] = [
    ['home.dyn.test', 'home.dyn.test'],
    ['  Home.Dyn.Test.\r\n', 'home.dyn.test'],
    ['my_nas.dyn.test', 'my_nas.dyn.test'],
    ['_acme-challenge.home.dyn.test', '_acme-challenge.home.dyn.test'],
    ['3com.example', '3com.example'],
    ['1.2.3.4.example', '1.2.3.4.example'],
    ['b\u00fccher.example', 'xn--bcher-kva.example'],
    ['B\u00dcCHER.example', 'xn--bcher-kva.example'],
    ['bu\u0308cher.example', 'xn--bcher-kva.example'],
    ['fa\u00df.example', 'xn--fa-hia.example'],
    ['\u4f8b\u5b50\u3002\u6d4b\u8bd5', 'xn--fsqu00a.xn--0zwm56d'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    [`${'a'.repeat(63)}.example`, `${'a'.repeat(63)}.example`],
  ];
  for (const [typed, name] of accepted) {
    test(JSON.stringify(typed), () => {
      const parsed = parseHostname(typed);
      assert.ok(parsed !== undefined);
      assert.equal(formatHostname(parsed), name);
    });
  }

  const refused = [
    '',
    '.',
    'home',
    'home.',
    '.home.test',
    'home..test',
    'home.test..',
    '-home.test',
    'home-.test',
    '*.home.test',
    'ho me.test',
    'home.test/path',
    'http://home.test',
    'home.test:8080',
    'user@home.test',
    'home%2etest.example',
    'home\\.test.example',
    'home\0.test',
    '192.0.2.1',
    '192.0.2.1.',
    '192.0.2.999',
    '1.2',
    '0x7f.1',
    '\uff11\uff19\uff12.0.2.1',
    'b\u00fccher%41.example',
    'b\u00fccher\uff0541.example',
    '::1',
    '[::1]',
    '2001:db8::1',
    '\u00ad',
    'xn--\u00fc.example',
    `${'a'.repeat(64)}.example`,
    `${'a.'.repeat(130)}example`,
    `${'\u00fc'.repeat(5000)}.example`,
  ];
  for (const typed of refused) {
    test(`refused: ${JSON.stringify(typed.slice(0, 40))}`, () => {
      assert.equal(parseHostname(typed), undefined);
    });
  }
});

test('whatever is typed: undefined, or two or more labels of letters, digits, hyphens, underscores', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      'a',
      'B',
      '-',
      '_',
      '.',
      '%41',
      '0x1',
      '\u3002',
      '\uff0e',
      'xn--',
      '\u00df',
      '\ud83c\udfe0',
      ' ',
    ),
    fc.string({ unit: 'grapheme', maxLength: 3 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const name = parseHostname(pieces.join(''));
      if (name === undefined) return;
      assert.ok(labelCount(name) >= 2);
      for (const label of labelsOf(name)) assert.match(label, /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$/);
      assert.equal(parseHostname(formatHostname(name)), name);
    }),
    { numRuns: 5000 },
  );
});

test('every name of valid labels is read as it is, in any case', () => {
  const label = fc.stringMatching(/^[a-z]([a-z0-9_-]{0,20}[a-z0-9])?$/);
  fc.assert(
    fc.property(fc.array(label, { minLength: 2, maxLength: 5 }), (labels) => {
      const text = labels.join('.');
      const name = parseHostname(text.toUpperCase());
      assert.equal(name === undefined ? undefined : formatHostname(name), text);
    }),
  );
});

test('a wildcard is read where it may stand, as the first label of a host name', () => {
  const read = (text: string): string | undefined => {
    const name = parseHostnameOrWildcard(text);
    return name === undefined ? undefined : formatHostname(name);
  };
  assert.equal(read('*.Home.example.test.'), '*.home.example.test');
  assert.equal(read('home.example.test'), 'home.example.test');
  for (const text of ['*', '*.', '*.test', '*.*.home.test', 'a.*.test', '*a.home.test', '*.192.0.2.1']) {
    assert.equal(read(text), undefined, text);
  }
  assert.equal(read(`*.${'a'.repeat(62)}.${'b.'.repeat(94)}test`), undefined, 'too long with the wildcard');
});

test('what is written plainly is the same name as with capitals, blanks or a trailing dot', () => {
  const label = fc.string({
    unit: fc.constantFrom('a', 'b', 'z', '0', '1', '9', '_', '-'),
    minLength: 0,
    maxLength: 66,
  });
  fc.assert(
    fc.property(fc.array(label, { minLength: 1, maxLength: 6 }), (labels) => {
      const text = labels.join('.');
      const plain = parseHostname(text);
      assert.equal(plain, parseHostname(` ${text}`));
      assert.equal(plain, parseHostname(text.toUpperCase()));
      if (!text.endsWith('.')) assert.equal(plain, parseHostname(`${text}.`));
    }),
    { numRuns: 2000 },
  );
});
