/** Zones in a memory store with an answer table published from them, and both lanes to ask. */
import type { Change } from '../../../../src/store/change.ts';
import type { Store } from '../../../../src/store/store.ts';
import { CookieInPlace } from '../../../../src/dns/cookies/cookie-in-place.ts';
import { ServerCookies } from '../../../../src/dns/cookies/server-cookies.ts';
import { peerOf } from '../../../../src/dns/rrl/source-words.ts';
import { AnswerTable } from '../../../../src/dns/fast/table/answer-table.ts';
import { answerQuery } from '../../../../src/dns/answer.ts';
import { FastAnswer } from '../../../../src/dns/fast/fast-answer.ts';
import { Publisher } from '../../../../src/dns/fast/publish/publisher.ts';
import { createMemoryStore } from '../../../../src/store/memory.ts';
import { type IpAddress, parseIpAddress } from '../../../../src/net/ip-address.ts';
import { type Name, parseName } from '../../../../src/zone/name.ts';
import { answerContext } from '../../../dns/zones.ts';

export const ACCOUNT: Change = {
  kind: 'account-put',
  account: { name: 'a', passwordHash: null, admin: false, createdAt: 0 },
};

export function name(text: string): Name {
  return parseName(text)!;
}

export function ip(text: string): IpAddress {
  return parseIpAddress(text)!;
}

export function zonePut(
  apex: string,
  { mname = `ns1.${apex}`, rname = `hostmaster.${apex}`, serial = 1 } = {},
): Change {
  const times = { refresh: 300, retry: 60, expire: 1_209_600, minimum: 60, ttl: 300 };
  const soa = { mname: name(mname), rname: name(rname), ...times };
  return { kind: 'zone-put', zone: { apex: name(apex), soa, serial, accept: 'any' } };
}

export function hostPut(
  fqdn: string,
  zone: string,
  {
    ipv4,
    ipv6,
    ttl = 60,
    wildcard = false,
  }: { ipv4?: string; ipv6?: string; ttl?: number; wildcard?: boolean } = {},
): Change {
  const addresses = {
    ipv4: ipv4 === undefined ? null : ip(ipv4),
    ipv6: ipv6 === undefined ? null : ip(ipv6),
  };
  const host = {
    name: name(fqdn),
    zone: name(zone),
    account: 'a',
    ttl,
    ...addresses,
    wildcard,
    changedAt: null,
    blocked: false,
  };
  return { kind: 'host-put', host };
}

/** The time at which both lanes are asked, in seconds since 1970. */
export const NOW = 1_700_000_000;

/** Who asks. */
const SOURCE = peerOf('192.0.2.99')!;

/** The cookies of both lanes. */
export const COOKIES = new ServerCookies([Buffer.alloc(16, 7)]);

/** A client's cookie with what `COOKIES` made of it at `seconds`, or alone. */
export function cookie(seconds?: number): Buffer {
  const client = Buffer.from('client8!', 'latin1');
  return seconds === undefined ? client : Buffer.from(COOKIES.make(client, SOURCE, seconds));
}

export class World {
  readonly store: Store = createMemoryStore();
  readonly chunks: SharedArrayBuffer[] = [];
  readonly table: AnswerTable;
  readonly publisher: Publisher;
  readonly #fast: FastAnswer;
  /** Called after each step of the publishing of a commit but the last. */
  publishInSteps = (): void => undefined;

  constructor() {
    const readers = new Int32Array(new SharedArrayBuffer(4));
    this.table = new AnswerTable(0x5eed, readers, (chunk) => this.chunks.push(chunk));
    this.publisher = new Publisher(this.table, this.store.view, (query) => this.general(query));
    this.store.onCommit((changes) => {
      for (const steps = this.publisher.publish(changes); steps.next().done !== true;) this.publishInSteps();
    });
    this.#fast = new FastAnswer(0x5eed, (chunk) => this.chunks[chunk]!);
    this.#fast.cookies = new CookieInPlace(COOKIES, SOURCE);
    this.#fast.nowSeconds = NOW;
  }

  /** Whether the query that the fast lane answered last proved its source. */
  get isProven(): boolean {
    return this.#fast.isProven;
  }

  general(query: Uint8Array): Uint8Array | undefined {
    const clock = { now: () => NOW * 1000 };
    return answerQuery(query, { ...answerContext(this.store.view), source: SOURCE, cookies: COOKIES, clock });
  }

  /** The fast lane's reply, or why it made none. */
  fast(query: Uint8Array): Uint8Array | 'handed over' | 'dropped' {
    const margin = 8;
    const packet = Buffer.alloc(4096 + 2 * margin, 0xee);
    packet.set(query, margin);
    const length = this.#fast.answer(packet, margin, query.length);
    if (length > 0) return packet.subarray(margin, margin + length);
    if (Buffer.compare(packet.subarray(margin, margin + query.length), query) !== 0) {
      throw new Error('a packet that was not answered was changed');
    }
    return length === 0 ? 'handed over' : 'dropped';
  }
}

/** A query for labels (octets as latin1), optionally with an OPT, which may hold a COOKIE. */
export function query(
  labels: readonly string[],
  type: number,
  {
    flags = 0x0100,
    edns = 'none',
    cookie,
  }: { flags?: number; edns?: 'none' | 'plain' | 'do'; cookie?: Uint8Array } = {},
): Buffer {
  const wire = labels.map((label) => String.fromCharCode(label.length) + label).join('') + '\0';
  const question = Buffer.alloc(wire.length + 4);
  question.write(wire, 'latin1');
  question.writeUInt16BE(type, wire.length);
  question.writeUInt16BE(1, wire.length + 2);
  const header = Buffer.from([
    0xab,
    0xcd,
    flags >> 8,
    flags & 255,
    0,
    1,
    0,
    0,
    0,
    0,
    0,
    edns === 'none' ? 0 : 1,
  ]);
  const option =
    cookie === undefined ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0, 10, 0, cookie.length]), cookie]);
  const opt = Buffer.from([0, 0, 41, 16, 0, 0, 0, edns === 'do' ? 0x80 : 0, 0, 0, option.length]);
  return Buffer.concat(edns === 'none' ? [header, question] : [header, question, opt, option]);
}
