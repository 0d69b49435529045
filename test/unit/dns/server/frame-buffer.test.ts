import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { FrameBuffer } from '../../../../src/dns/server/frame-buffer.ts';
import { frame } from '../../../dns/client.ts';

void test('however a stream is cut into pieces, the messages are the same', () => {
  const message = fc.uint8Array({ maxLength: 300 });
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 400 })),
      (messages, cuts) => {
        const stream = Buffer.concat(messages.map(frame));
        const buffer = new FrameBuffer();
        const got: string[] = [];
        for (let at = 0, i = 0; at < stream.length; i++) {
          const size = cuts[i % (cuts.length || 1)] ?? 1;
          buffer.append(stream.subarray(at, at + size));
          at += size;
          for (let next = buffer.next(); next !== undefined; next = buffer.next())
            got.push(Buffer.from(next).toString('hex'));
        }
        assert.deepEqual(
          got,
          messages.map((bytes) => Buffer.from(bytes).toString('hex')),
        );
        assert.equal(buffer.isReady, false);
      },
    ),
  );
});

void test('64 kB in single octets cost linear time', () => {
  const stream = frame(Buffer.alloc(65_535, 1));
  const buffer = new FrameBuffer();
  const start = performance.now();
  for (let at = 0; at < stream.length; at++) {
    assert.equal(buffer.isReady, false);
    buffer.append(stream.subarray(at, at + 1));
  }
  assert.ok(performance.now() - start < 500);
  assert.equal(buffer.next()?.length, 65_535);
});
