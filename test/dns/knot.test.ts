/**
 * Beside Knot: random zones, each served by one knotd and by Homing over UDP on both of its lanes, are asked the same
 * questions. The rcode, AA, TC, the answer section and the authority section must be the same, the sections as sets
 * and names without regard to case (RFC 4343). Skipped where knotd is missing.
 *
 * Left out because servers legitimately differ: the additional section (optional data, RFC 1034 §4.3.2 step 6), ANY
 * (RFC 8482 lets each server choose what it gives), and of chains longer than five aliases all but their first five
 * (RFC 1034 §5.2.2 leaves the length open).
 */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import test, { type TestContext } from 'node:test';
import fc from 'fast-check';
import { createDnsServer } from '../../src/dns/server/dns-server.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import type { Store } from '../../src/store/store.ts';
import { formatZoneFile } from '../../src/zone/zone-file/format-zone-file.ts';
import { type DecodedMessage, decode, opt, query } from './message.ts';
import { findProgram, startKnot } from './peers/daemons.ts';
import { changesOf, drafts, question, zoneOf } from './peers/random-zone.ts';
import { SILENT_LOG } from './zones.ts';

const ZONES = Number(process.env['KNOT_ZONES'] ?? 150);
/** How many aliases Knot follows in one answer. */
const KNOT_CHAIN = 5;
const QUESTIONS_EACH = 60;
const SEED = Number(process.env['KNOT_SEED'] ?? 53);

void test('random zones and questions: the answers of both lanes are those of Knot', async (t) => {
  const knotd = findProgram('knotd');
  if (knotd === undefined) {
    t.skip('needs knotd');
    return;
  }
  const store = createMemoryStore();
  const files = new Map<string, string>();
  for (const [i, records] of fc.sample(drafts, { numRuns: ZONES, seed: SEED }).entries()) {
    const content = zoneOf(`z${i}.test`, records);
    await store.commit(changesOf(content));
    files.set(`z${i}.test`, formatZoneFile(content));
  }
  const knot = await startKnot(t, knotd, files);
  const [general, workers] = [await startHoming(t, store, 0), await startHoming(t, store, 1)];
  const seen = new Map<string, number>();
  for (const [i, apex] of [...files.keys()].entries()) {
    const questions = fc.sample(question, { numRuns: QUESTIONS_EACH, seed: SEED + i });
    const packets = questions.map(([labels, type], id) =>
      query(labels === '' ? apex : `${labels}.${apex}`, type, {
        id,
        ...(id % 2 === 0 ? {} : { opt: opt() }),
      }),
    );
    const [theirs, ...ours] = await Promise.all(
      [knot, general, workers].map((port) => askAll(port, packets)),
    );
    for (const [id, [labels, type]] of questions.entries()) {
      const expected = essence(theirs!.get(id));
      for (const [lane, answers] of ours.entries()) {
        const what = `${labels} ${type} by lane ${lane} in\n${files.get(apex)}`;
        const own = essence(answers.get(id));
        assert.deepEqual(isCutShort(expected) ? shortened(own, expected) : own, expected, what);
      }
      count(seen, kindOf(expected));
    }
  }
  t.diagnostic([...seen].map(([kind, times]) => `${kind} ${times}`).join(', '));
  for (const kind of ['NOERROR answer', 'NOERROR empty', 'NXDOMAIN empty', 'referral', 'NXDOMAIN answer'])
    assert.ok((seen.get(kind) ?? 0) >= 10, `${kind} occurs`);
});

interface Essence {
  readonly rcode: string;
  readonly flags: readonly string[];
  readonly answer: readonly string[];
  readonly authority: readonly string[];
}

function essence(bytes: Buffer | undefined): Essence {
  const { rcode, flags, answer, authority }: DecodedMessage = decode(bytes);
  return { rcode, flags, answer: asSet(answer), authority: asSet(authority) };
}

/** Whether Knot stopped after the five aliases that it follows; Homing follows sixteen. */
function isCutShort({ rcode, answer, authority }: Essence): boolean {
  const aliases = answer.filter((record) => record.includes(' IN CNAME '));
  return rcode === 'NOERROR' && authority.length === 0 && aliases.length >= KNOT_CHAIN;
}

/** An answer of a longer chain without what follows Knot's last alias. */
function shortened(own: Essence, { answer, authority, rcode }: Essence): Essence {
  const first = own.answer.filter((record) => answer.includes(record));
  // Sixteen long names may not fit into a datagram where five do.
  return { rcode, flags: own.flags.filter((flag) => flag !== 'tc'), answer: first, authority };
}

/** Knot repeats the records of a DNAME loop, which RFC 2181 §5 tells apart from nothing: a set has each once. */
function asSet(records: readonly string[]): readonly string[] {
  return [...new Set(records)].toSorted();
}

function kindOf({ rcode, flags, answer, authority }: Essence): string {
  if (!flags.includes('aa') && authority.length > 0) return 'referral';
  return `${rcode} ${answer.length > 0 ? 'answer' : 'empty'}`;
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

async function startHoming(t: TestContext, store: Store, workers: number): Promise<number> {
  const server = createDnsServer({
    listen: [{ address: '127.0.0.1', port: 0 }],
    zones: store.view,
    log: SILENT_LOG,
    ...(workers === 0 ? {} : { workers: { feed: store, count: workers } }),
  });
  await server.start();
  t.after(() => server.stop());
  return server.addresses[0]!.port;
}

/** The answers by message id; fails the test where not all come. */
async function askAll(port: number, packets: readonly Buffer[]): Promise<ReadonlyMap<number, Buffer>> {
  const answers = new Map<number, Buffer>();
  const socket = createSocket('udp4');
  try {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        reject,
        5000,
        new Error(`port ${port}: ${answers.size} of ${packets.length} answers`),
      );
      socket.on('message', (message) => {
        answers.set(message.readUInt16BE(0), message);
        if (answers.size < packets.length) return;
        clearTimeout(timer);
        resolve();
      });
      for (const packet of packets) socket.send(packet, port, '127.0.0.1');
    });
    return answers;
  } finally {
    socket.close();
  }
}
