/**
 * The general lane of DNS in process, without sockets: from the bytes of a query to the bytes of its answer, beside
 * dns2 decoding the same query into its objects and encoding an answer with one address.
 */
import { Packet } from 'dns2';
import { answerQuery } from '../src/dns/answer.ts';
import { peerOf } from '../src/dns/rrl/source-words.ts';
import { systemClock } from '../src/ops/clock.ts';
import { createState, nameOf } from './provision.ts';
import { type Benchmark, type Row, median, runAsProgram, withUnit } from './report.ts';

const QUERIES = 4096;

/** The rows of the general lane. */
export const benchLane: Benchmark = async ({ hosts, seconds, rounds }) => {
  const { state } = createState(hosts);
  const failures: string[] = [];
  const log = { error: (_: object, message: string) => failures.push(message) };
  const context = {
    zones: state,
    transport: 'udp',
    source: peerOf('192.0.2.1'),
    settings: {},
    cookies: undefined,
    limiter: undefined,
    clock: systemClock,
    log,
  } as const;
  const kinds = [
    { what: 'an address', queries: queriesFor((i) => `h${(i * 7919) % hosts}`) },
    { what: 'no such name', queries: queriesFor((i) => `nx${i}`) },
  ];
  const rows: Row[] = [];
  for (const { what, queries } of kinds) {
    const own: number[] = [];
    const theirs: number[] = [];
    for (let round = 0; round < rounds; round++) {
      own.push(rateOf(queries, seconds, (query) => answerQuery(query, context)?.length ?? 0));
      theirs.push(rateOf(queries, seconds, answerWithDns2));
    }
    const ratio = median(own.map((rate, i) => rate / theirs[i]!));
    const perSecond = median(own);
    rows.push({
      what: `general lane in process: ${what}`,
      figure: withUnit(perSecond, '/s'),
      ratio: `${ratio.toFixed(1)} × dns2's Packet (${withUnit(median(theirs), '/s')})`,
      values: { perSecond, ratio },
    });
  }
  if (failures.length > 0) throw new Error(`a query failed: ${failures[0]}`);
  return await Promise.resolve(rows);
};

function queriesFor(label: (i: number) => string): readonly Buffer[] {
  return Array.from({ length: QUERIES }, (_, i) => {
    const head = Buffer.from([i >> 8, i & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    return Buffer.concat([head, Buffer.from(nameOf(label(i)), 'latin1'), Buffer.from([0, 1, 0, 1])]);
  });
}

/** Answers in a second of this thread; throws where one is not even a header long. */
function rateOf(queries: readonly Buffer[], seconds: number, answer: (query: Buffer) => number): number {
  const measure = (ms: number): number => {
    const start = performance.now();
    let done = 0;
    while (performance.now() - start < ms) {
      for (const query of queries) if (answer(query) < 12) throw new Error('a query got no answer');
      done += queries.length;
    }
    return (done * 1000) / (performance.now() - start);
  };
  measure(200); // the first calls run before the code is compiled
  return measure((seconds * 1000) / 3);
}

function answerWithDns2(query: Buffer): number {
  const request = Packet.parse(query);
  const response = Packet.createResponseFromRequest(request);
  const answer = new Packet.Resource(request.questions[0]!.name, Packet.TYPE.A, Packet.CLASS.IN, 60);
  response.answers.push(Object.assign(answer, { address: '10.0.0.7' }));
  return response.toBuffer().length;
}

if (import.meta.main) await runAsProgram('lane', benchLane);
