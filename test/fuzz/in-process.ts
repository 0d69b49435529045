/**
 * Both lanes fed with hostile messages in this process. An answer must be well formed and no longer than it may be, the
 * same from both lanes, made within a millisecond, and made of nothing outside its own packet; memory must stay flat.
 */
import assert from 'node:assert/strict';
import { type AnswerContext, answerQuery } from '../../src/dns/answer.ts';
import { CookieInPlace } from '../../src/dns/cookies/cookie-in-place.ts';
import { ServerCookies } from '../../src/dns/cookies/server-cookies.ts';
import { AnswerTable } from '../../src/dns/fast/table/answer-table.ts';
import { FastAnswer } from '../../src/dns/fast/fast-answer.ts';
import { Publisher } from '../../src/dns/fast/publish/publisher.ts';
import { decode } from '../dns/message.ts';
import { answerContext } from '../dns/zones.ts';
import { mutations } from './mutations.ts';
import { createFuzzedStore } from './world.ts';

/** What a campaign saw. Times in milliseconds, memory in MiB. */
export interface FuzzReport {
  readonly packets: number;
  readonly answered: number;
  readonly answeredFast: number;
  readonly perSecond: number;
  /** The slowest answer as it was, and the slowest of what was still slow when it was asked for again. */
  readonly slowest: number;
  readonly slowestRepeated: number;
  readonly growthMiB: number;
}

/** The time of both lanes, for their cookies, in seconds since 1970. */
const NOW = 1_700_000_000;

/** How long an answer may take, in milliseconds. */
export const LIMIT_MS = 1;

const MARGIN = 64;
const LARGEST_FAST = 512;
const LARGEST = 1232;
const ROOM = 4096;
/** Every so many messages are asked over TCP too, and every answer of theirs is read to its end. */
const THOROUGH = 16;
const SEED = 0x5eed;

/** Runs the campaign; rejects with the message in hex at the first find. `onProgress` hears of every tenth. */
export async function fuzzInProcess(
  packets: number,
  { seed = 20_261_122, onProgress }: { seed?: number; onProgress?: (line: string) => void } = {},
): Promise<FuzzReport> {
  const lanes = await createLanes();
  const count = { answered: 0, answeredFast: 0, slowest: 0, slowestRepeated: 0 };
  const source = mutations(seed);
  const start = performance.now();
  let settled = 0;
  const tenth = Math.max(1, Math.ceil(packets / 10));
  for (let i = 0; i < packets; i++) {
    const packet = source.next().value;
    try {
      examine(lanes, packet, i % THOROUGH === 0, count);
    } catch (cause) {
      throw new Error(`message ${i} of seed ${seed}: ${packet.toString('hex')}`, { cause });
    }
    if ((i + 1) % tenth !== 0) continue;
    const resident = process.memoryUsage.rss() / 2 ** 20;
    if (i + 1 === tenth) settled = resident;
    onProgress?.(`${i + 1} messages, ${resident.toFixed(0)} MiB resident`);
  }
  const seconds = (performance.now() - start) / 1000;
  const growthMiB = process.memoryUsage.rss() / 2 ** 20 - settled;
  return { packets, ...count, perSecond: packets / seconds, growthMiB };
}

interface Lanes {
  readonly udp: AnswerContext;
  readonly tcp: AnswerContext;
  readonly fast: FastAnswer;
  /** Where the fast lane works: a packet between margins that must stay as they are. */
  readonly room: Buffer;
  readonly untouched: Buffer;
}

async function createLanes(): Promise<Lanes> {
  const { view } = await createFuzzedStore();
  const chunks: SharedArrayBuffer[] = [];
  const readers = new Int32Array(new SharedArrayBuffer(4));
  const table = new AnswerTable(SEED, readers, (chunk) => chunks.push(chunk));
  const publisher = new Publisher(table, view, (query) => answerQuery(query, answerContext(view)));
  await publisher.publishAll(() => Promise.resolve());
  const cookies = new ServerCookies([Buffer.alloc(16, 7)]);
  const settings = { identity: 'fuzzed', version: '0' };
  const untouched = Buffer.alloc(ROOM + 2 * MARGIN, 0xee);
  const fast = new FastAnswer(SEED, (chunk) => chunks[chunk]!);
  fast.cookies = new CookieInPlace(cookies, answerContext(view).source!);
  fast.nowSeconds = NOW;
  const clock = { now: () => NOW * 1000 };
  return {
    udp: { ...answerContext(view, 'udp'), cookies, settings, clock },
    tcp: { ...answerContext(view, 'tcp'), cookies, settings, clock },
    fast,
    room: Buffer.from(untouched),
    untouched,
  };
}

function examine(
  lanes: Lanes,
  packet: Buffer,
  isThorough: boolean,
  count: Record<'answered' | 'answeredFast' | 'slowest' | 'slowestRepeated', number>,
): void {
  const { answer, took, repeated } = timed(() => answerQuery(packet, lanes.udp));
  count.slowest = Math.max(count.slowest, took);
  count.slowestRepeated = Math.max(count.slowestRepeated, repeated);
  if (answer === undefined) {
    assert.ok(packet.length < 12 || (packet[2]! & 0x80) !== 0, 'only what is no query gets no answer');
  } else {
    count.answered++;
    assert.ok(answer.length >= 12 && answer.length <= LARGEST, 'the answer has a length that it may have');
    assert.ok(
      answer[0] === packet[0] && answer[1] === packet[1] && (answer[2]! & 0x80) !== 0,
      'it is an answer to this',
    );
    assert.notEqual(answer[3]! & 15, 2, 'nothing is a defect');
    if (isThorough) decode(answer);
  }
  if (isThorough) {
    const overTcp = timed(() => answerQuery(packet, lanes.tcp));
    count.slowest = Math.max(count.slowest, overTcp.took);
    count.slowestRepeated = Math.max(count.slowestRepeated, overTcp.repeated);
    if (overTcp.answer !== undefined) assert.ok(!decode(overTcp.answer).flags.includes('tc'));
  }
  if (askFast(lanes, packet, answer)) count.answeredFast++;
}

/** Asks the fast lane in place; whether it answered. */
function askFast(
  { fast, room, untouched }: Lanes,
  packet: Buffer,
  expected: Uint8Array | undefined,
): boolean {
  room.set(packet, MARGIN);
  const length = fast.answer(room, MARGIN, packet.length);
  const used = MARGIN + Math.max(packet.length, LARGEST_FAST);
  assert.equal(room.compare(untouched, 0, MARGIN, 0, MARGIN), 0, 'nothing before the packet is changed');
  assert.equal(
    room.compare(untouched, used, room.length, used, room.length),
    0,
    'nothing behind it is changed',
  );
  const left = room.subarray(MARGIN, MARGIN + Math.max(length, packet.length));
  if (length > 0) {
    assert.ok(
      expected !== undefined && left.subarray(0, length).equals(expected),
      'both lanes give the same bytes',
    );
  } else assert.ok(left.equals(packet), 'what is not answered is as it was');
  if (length < 0) assert.equal(expected, undefined, 'both lanes drop it');
  untouched.copy(room, MARGIN, MARGIN, used);
  return length > 0;
}

/** An answer, how long it took, and where that was too long, how long at least when asked for four times more. */
function timed(ask: () => Uint8Array | undefined): {
  answer: Uint8Array | undefined;
  took: number;
  repeated: number;
} {
  const start = performance.now();
  const answer = ask();
  const took = performance.now() - start;
  if (took <= LIMIT_MS) return { answer, took, repeated: 0 };
  const again = Array.from({ length: 4 }, () => {
    const from = performance.now();
    ask();
    return performance.now() - from;
  });
  return { answer, took, repeated: Math.min(took, ...again) };
}
