import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { createEnrolmentCode, looksLikeCode } from '../../../../src/account/enrolment/code.ts';
import {
  asksFor,
  expandPattern,
  normalizeSerial,
  parsePattern,
} from '../../../../src/account/enrolment/pattern.ts';
import { createTokenSecret } from '../../../../src/account/token.ts';

function label(
  pattern: string,
  words: { name?: string; serial?: string; number?: number },
): string | undefined {
  const read = parsePattern(pattern);
  assert.ok(read.ok, pattern);
  return expandPattern(read.value, {
    name: words.name ?? 'PC-1',
    serial: words.serial ?? null,
    number: words.number ?? 1,
  });
}

suite('patterns', () => {
  test('name machines', () => {
    assert.equal(label('shop-{serial}', { serial: '5CG1234XYZ' }), 'shop-5cg1234xyz');
    assert.equal(label('Shop-{SERIAL}', { serial: 'VMware-56 4d/1c' }), 'shop-vmware-56-4d-1c');
    assert.equal(label('{name}', { name: 'KÄSE_PC.local' }), 'kase-pc-local');
    assert.equal(label('till{n:4}', { number: 42 }), 'till0042');
    assert.equal(label('till{n:2}', { number: 123 }), 'till123');
    assert.equal(label('{n}-{name}', { number: 7, name: '-x-' }), '7-x');
  });

  test('give no label where a machine says nothing that can be one', () => {
    assert.equal(label('shop-{serial}', {}), undefined);
    assert.equal(label('{name}', { name: '日本' }), undefined);
    assert.equal(label('shop-{name}', { name: 'x'.repeat(59) }), undefined);
  });

  test('are refused with what is wrong', () => {
    const reasons = {
      'shop-{seral}': /unknown placeholder \{seral\} \(nearest match: \{serial\}/,
      '{nmae}': /nearest match: \{name\}/,
      'a.{n}': /one label: leave the dots/,
      '{serial:4}': /has no width/,
      '{n:0}': /width/,
      '{n:12}': /width/,
      '-{n}': /single hyphens/,
      '{n}-': /single hyphens/,
      'xn--{n}': /single hyphens/,
      'a b{n}': /letters, digits/,
      '{n': /without its other half/,
      'n}': /without its other half/,
      '': /letters, digits/,
      ['x'.repeat(64)]: /longer than the 63/,
    };
    for (const [text, reason] of Object.entries(reasons)) {
      const read = parsePattern(text);
      assert.ok(!read.ok, `${text} was taken`);
      assert.match(read.reason, reason);
    }
  });

  test('say what they ask for', () => {
    const read = parsePattern('a-{n:3}');
    assert.ok(read.ok);
    assert.deepEqual(
      [asksFor(read.value), asksFor(read.value, 'n'), asksFor(read.value, 'serial')],
      [true, true, false],
    );
  });

  test('give one label of a host name or none, whatever a machine says', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string(),
      fc.constantFrom('a.b', '..', '*', 'xn--a', '-'),
    );
    fc.assert(
      fc.property(
        fc.constantFrom('{name}', 'x{serial}', '{name}-{serial}', '{n}{name}'),
        text,
        text,
        (pattern, name, serial) => {
          const made = label(pattern, { name, serial });
          if (made === undefined) return;
          assert.match(made, /^[a-z0-9](?:[a-z0-9]|-(?!-)){0,61}[a-z0-9]?$/);
          assert.ok(!made.endsWith('-') && !made.includes('--'));
        },
      ),
    );
  });
});

suite('serial numbers', () => {
  test('that a board does not have are none', () => {
    for (const text of [
      '',
      '  ',
      'To be filled by O.E.M.',
      'Default string',
      'System Serial Number',
      '0',
      '0000',
      'None',
    ])
      assert.equal(normalizeSerial(text), null, text);
    assert.equal(normalizeSerial(' 5CG1234XYZ '), '5CG1234XYZ');
  });
});

suite('codes', () => {
  test('are letters and digits, of at least 128 random bits, and no token looks like one', () => {
    const codes = new Set(Array.from({ length: 100 }, createEnrolmentCode));
    assert.equal(codes.size, 100);
    for (const code of codes) {
      assert.match(code, /^HMENR[A-Za-z0-9]{24}$/);
      assert.ok(looksLikeCode(code));
    }
    assert.ok(!looksLikeCode(createTokenSecret()));
  });
});
