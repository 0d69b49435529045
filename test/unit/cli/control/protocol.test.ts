/** Lines cut from a stream of bytes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createLineReader } from '../../../../src/cli/control/protocol.ts';

test('the line reader cuts anywhere and holds no more than its limit', () => {
  const reader = createLineReader(4);
  assert.deepEqual(reader.push(Buffer.from('ab')), []);
  assert.deepEqual(reader.push(Buffer.from('cd\n\nef\ng')), ['abcd', '', 'ef']);
  assert.deepEqual(reader.push(Buffer.from('h\n')), ['gh']);
  assert.equal(reader.push(Buffer.from('abcde')), undefined);
  assert.equal(createLineReader(4).push(Buffer.from('abcde\n')), undefined);
});

test('however a text is cut into chunks, its lines are the same', () => {
  const text = fc.array(
    fc.string({ unit: 'grapheme', maxLength: 20 }).map((line) => line.replaceAll('\n', ' ')),
  );
  fc.assert(
    fc.property(text, fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), (lines, sizes) => {
      const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
      const reader = createLineReader(1000);
      const read: string[] = [];
      for (let at = 0, turn = 0; at < bytes.length; turn++) {
        const size = sizes[turn % sizes.length]!;
        read.push(...reader.push(bytes.subarray(at, at + size))!);
        at += size;
      }
      assert.deepEqual(read, lines);
    }),
  );
});
