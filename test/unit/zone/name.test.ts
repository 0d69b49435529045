import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  ROOT,
  formatHostname,
  formatName,
  isSubdomain,
  isWildcard,
  labelCount,
  labelsOf,
  nameFromLabels,
  nameFromWire,
  parentOf,
  parseName,
  wildcardOf,
} from '../../../src/zone/name.ts';
import { anyLabel, anyName } from './arbitraries.ts';

const name = (text: string): NonNullable<ReturnType<typeof parseName>> => parseName(text)!;

describe('names in presentation format', () => {
  const accepted: readonly (readonly [written: string, wire: string])[] = [
    ['.', '\0'],
    ['Example.ORG', '\x07example\x03org\0'],
    ['example.org.', '\x07example\x03org\0'],
    ['a\\.b.c', '\x03a.b\x01c\0'],
    ['\\065\\000\\255', '\x03a\0\xff\0'],
    ['\\A\\"\\\\', '\x03a"\\\0'],
    ['a\\.', '\x02a.\0'],
    ['\xc0.x', '\x01\xc0\x01x\0'],
    ['*.x', '\x01*\x01x\0'],
  ];
  for (const [written, wire] of accepted) {
    test(JSON.stringify(written), () => {
      assert.equal(parseName(written), wire);
    });
  }

  const refused = [
    '',
    '..',
    '.a',
    'a..b',
    'a..',
    '\\',
    'a\\',
    'a\\1',
    'a\\12',
    '\\256',
    '\\12x',
    '\u0100',
    'a'.repeat(64),
    'a.'.repeat(128),
  ];
  for (const written of refused) {
    test(`refused: ${JSON.stringify(written.slice(0, 30))}`, () => {
      assert.equal(parseName(written), undefined);
    });
  }

  test('relative names and the origin', () => {
    const origin = name('dyn.test');
    assert.equal(parseName('a', origin), name('a.dyn.test'));
    assert.equal(parseName('a.', origin), name('a.'));
    assert.equal(parseName('a\\.', origin), name('a\\..dyn.test'));
    assert.equal(parseName('@', origin), origin);
    assert.equal(parseName('\\@', origin), name('\\@.dyn.test'));
    assert.equal(parseName('.', origin), ROOT);
    assert.equal(
      parseName('a'.repeat(63) + ('.' + 'a'.repeat(63)).repeat(2) + '.' + 'a'.repeat(52), origin)?.length,
      255,
    );
    assert.equal(
      parseName('a'.repeat(63) + ('.' + 'a'.repeat(63)).repeat(2) + '.' + 'a'.repeat(53), origin),
      undefined,
    );
  });

  test('the text of any name gives it back, as a word without blanks, quotes or comments', () => {
    fc.assert(
      fc.property(anyName, (any) => {
        const text = formatName(any);
        assert.equal(parseName(text), any);
        assert.equal(parseName(text, name('other.test')), any);
        assert.match(text, /^(?:[!#%-'*-:<-?A-[\]-~]|\\[!-/:-~]|\\\d{3})*\.$/);
        assert.equal(parseName(formatHostname(any)), any);
      }),
    );
  });

  test('labels give the name and the other way round', () => {
    fc.assert(
      fc.property(fc.array(anyLabel, { maxLength: 6 }), (labels) => {
        const made = nameFromLabels(labels);
        const octets = labels.reduce((sum, label) => sum + 1 + label.length, 1);
        if (made === undefined) {
          assert.ok(octets > 255);
          return;
        }
        assert.equal(made.length, octets);
        assert.deepEqual(
          labelsOf(made),
          labels.map((label) => label.replace(/[A-Z]/g, (letter) => letter.toLowerCase())),
        );
        assert.equal(labelCount(made), labels.length);
      }),
    );
  });

  test('case is folded for the letters of ASCII only (RFC 4343)', () => {
    assert.equal(nameFromWire('\x03AzZ\x01\xc0\0'), '\x03azz\x01\xc0\0');
    assert.equal(nameFromLabels(['']), undefined);
    assert.equal(nameFromLabels(['\u0100']), undefined);
  });
});

describe('the tree', () => {
  test('parents up to the root', () => {
    assert.equal(parentOf(name('a.b')), name('b'));
    assert.equal(parentOf(name('b')), ROOT);
    assert.equal(parentOf(ROOT), undefined);
  });

  test('subdomains by labels, not by characters', () => {
    assert.ok(isSubdomain(name('a.dyn.test'), name('dyn.test')));
    assert.ok(isSubdomain(name('dyn.test'), name('dyn.test')));
    assert.ok(isSubdomain(name('x'), ROOT));
    assert.ok(!isSubdomain(name('xdyn.test'), name('dyn.test')));
    assert.ok(!isSubdomain(name('test'), name('dyn.test')));
    // The label's last octets look like the wire form of the ancestor.
    assert.ok(!isSubdomain(name('x\\001a'), name('a')));
  });

  test('are what climbing from parent to parent meets', () => {
    fc.assert(
      fc.property(anyName, anyName, fc.nat(5), (any, other, steps) => {
        const ancestors = [any];
        for (let up = parentOf(any); up !== undefined; up = parentOf(up)) ancestors.push(up);
        assert.equal(isSubdomain(any, other), ancestors.includes(other));
        assert.ok(isSubdomain(any, ancestors[Math.min(steps, ancestors.length - 1)]!));
      }),
    );
  });

  test('wildcards', () => {
    assert.equal(wildcardOf(name('a.test')), name('*.a.test'));
    assert.ok(isWildcard(name('*.a.test')));
    assert.ok(!isWildcard(name('**.a.test')));
    assert.ok(!isWildcard(name('a.*.test')));
    const longest = name('a.'.repeat(127));
    assert.equal(longest.length, 255);
    assert.equal(wildcardOf(longest), undefined);
    assert.equal(wildcardOf(parentOf(longest)!)?.length, 255);
  });
});
