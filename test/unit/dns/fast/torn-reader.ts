/** Reads one name of an answer table again and again, as a worker does, and counts answers that mix two states. */
import { parentPort, workerData } from 'node:worker_threads';
import { FastAnswer } from '../../../../src/dns/fast/fast-answer.ts';
import { RRTYPE } from '../../../../src/zone/rrtype.ts';
import { query } from './world.ts';

const { chunks, readers, seed, reads } = workerData as {
  chunks: SharedArrayBuffer[];
  readers: Int32Array;
  seed: number;
  reads: number;
};
const answers = new FastAnswer(seed, (chunk) => chunks[chunk]!);
const questions = [query(['home', 'dyn', 'test'], RRTYPE.A), query(['home', 'dyn', 'test'], RRTYPE.AAAA)];
const packet = Buffer.alloc(1024);
const seen = new Set<number>();
let torn = 0;
for (let i = 0; i < reads; i++) {
  const question = questions[i & 1]!;
  question.copy(packet);
  Atomics.add(readers, 0, 1);
  const length = answers.answer(packet, 0, question.length);
  Atomics.add(readers, 0, 1);
  const ttlAt = question.length + 6;
  const state = packet[ttlAt + 3]!;
  seen.add(state);
  if (length !== question.length + (i & 1 ? 28 : 16)) torn++;
  else if ((i & 1) === 1) {
    // The TTL and the IPv6 address belong to one entry; an IPv4 address alone may be newer than its TTL.
    for (let at = ttlAt + 6; at < length; at++) if (packet[at] !== state) torn++;
  } else for (let at = ttlAt + 6; at < length; at++) if (packet[at] !== packet[ttlAt + 6]) torn++;
}
parentPort!.postMessage({ torn, seen: seen.size, reads });
