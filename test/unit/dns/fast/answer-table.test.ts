import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { AnswerTable } from '../../../../src/dns/fast/table/answer-table.ts';
import { FastAnswer, HAND_OVER } from '../../../../src/dns/fast/fast-answer.ts';
import { FLAG } from '../../../../src/dns/fast/table/table-layout.ts';
import { RRTYPE } from '../../../../src/zone/rrtype.ts';
import { ip, name, query } from './world.ts';

const SEED = 7;

interface Memory {
  readonly table: AnswerTable;
  readonly chunks: SharedArrayBuffer[];
  readonly readers: Int32Array;
  readonly lookUp: (host: string, type: number) => Buffer | undefined;
}

function createMemory(): Memory {
  const chunks: SharedArrayBuffer[] = [];
  const readers = new Int32Array(new SharedArrayBuffer(4));
  const table = new AnswerTable(SEED, readers, (chunk) => chunks.push(chunk));
  const answers = new FastAnswer(SEED, (chunk) => chunks[chunk]!);
  const lookUp = (host: string, type: number): Buffer | undefined => {
    const packet = Buffer.alloc(1024);
    const asked = query(host.split('.'), type);
    asked.copy(packet);
    const length = answers.answer(packet, 0, asked.length);
    return length === HAND_OVER ? undefined : packet.subarray(asked.length + 12, length);
  };
  return { table, chunks, readers, lookUp };
}

const entry = (
  ipv4: string | null,
  ipv6: string | null = null,
  ttl = 60,
): Parameters<AnswerTable['put']>[1] => ({
  zone: 0,
  ttl,
  ipv4: ipv4 === null ? null : ip(ipv4),
  ipv6: ipv6 === null ? null : ip(ipv6),
  flags: 0,
});

describe('answer table', () => {
  it('holds what a map would hold, whatever is put and removed in whatever order', () => {
    const host = fc.integer({ min: 0, max: 40 }).map((i) => `h${i}.dyn.test`);
    const address = fc.integer({ min: 1, max: 250 });
    const step = fc.record({
      host,
      address,
      ttl: fc.constantFrom(60, 61),
      remove: fc.boolean(),
      six: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const { table, lookUp } = createMemory();
        const model = new Map<string, string>();
        for (const { host: at, address: last, ttl, remove, six } of steps) {
          if (remove) table.remove(name(at));
          else table.put(name(at), entry(`10.0.0.${last}`, six ? `2001:db8::${last}` : null, ttl));
          if (remove) model.delete(at);
          else model.set(at, `10.0.0.${last}`);
          table.reclaim();
        }
        assert.equal(table.size, model.size);
        for (let i = 0; i <= 40; i++) {
          const at = `h${i}.dyn.test`;
          const found = lookUp(at, RRTYPE.A);
          assert.equal(found === undefined ? undefined : [...found].join('.'), model.get(at));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('grows over several chunks, keeps every entry, and costs at most 120 bytes a host', () => {
    const { table, chunks, lookUp } = createMemory();
    const count = 300_000;
    for (let i = 0; i < count; i++)
      table.put(name(`h${i}.dyn.example.test`), entry(`10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`));
    assert.ok(chunks.length > 1);
    assert.equal(table.size, count);
    for (let i = 0; i < count; i += 997) {
      assert.deepEqual(
        [...lookUp(`h${i}.dyn.example.test`, RRTYPE.A)!],
        [10, (i >> 16) & 255, (i >> 8) & 255, i & 255],
      );
    }
    assert.ok(table.bytes / count <= 120, `${table.bytes / count} bytes a host`);
  });

  it('uses memory again, but not while a reader may be looking at it', () => {
    const { table, readers } = createMemory();
    const host = name('home.dyn.test');
    const move = (times: number): void => {
      for (let i = 0; i < times; i++) table.put(host, entry(null, `2001:db8::${i % 9}`, 60 + (i % 2)));
    };
    move(2000);
    table.reclaim();
    const steady = table.bytes;
    move(20_000);
    assert.equal(table.bytes, steady, 'nobody reads: the same places are used in turn');
    Atomics.store(readers, 0, 1);
    move(2000);
    assert.ok(table.bytes > steady, 'a reader is in a batch: nothing it may see is used again');
    const held = table.bytes;
    Atomics.store(readers, 0, 2);
    table.reclaim();
    move(1500);
    assert.equal(table.bytes, held);
  });

  it('is never read torn: a writer and a reader hammer one name', async (t) => {
    const reads = Number(process.env['TORN_READS'] ?? 300_000);
    const { table, chunks, readers } = createMemory();
    const host = name('home.dyn.test');
    // Every octet of an address and its TTL say the same number, so that a mixture of two states shows.
    const states = Array.from({ length: 8 }, (_, i) =>
      entry(
        Array(4)
          .fill(i + 1)
          .join('.'),
        Array(8)
          .fill(`${i + 1}0${i + 1}`)
          .join(':'),
        i + 1,
      ),
    );
    table.put(host, states[0]!);
    table.put(name('dyn.test'), { ...entry(null), flags: FLAG.GENERAL });
    const worker = new Worker(new URL('./torn-reader.ts', import.meta.url), {
      workerData: { chunks, readers, seed: SEED, reads },
    });
    const done = once(worker, 'message') as Promise<[{ torn: number; seen: number; reads: number }]>;
    const finished = { yet: false };
    void done.then(() => (finished.yet = true));
    let writes = 0;
    while (!finished.yet) {
      for (let i = 0; i < 500; i++) table.put(host, states[writes++ % states.length]!);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const [result] = await done;
    t.diagnostic(`${result.reads} reads during ${writes} writes saw ${result.seen} states`);
    assert.equal(result.torn, 0);
    assert.ok(result.seen > 1, 'the reader saw more than one state');
    await worker.terminate();
  });
});
