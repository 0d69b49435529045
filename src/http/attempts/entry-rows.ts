/**
 * Entries of attempts in rows of 64 bytes, which is one line of a processor's cache, in lists: the newest entry of a
 * list knows the one before it. Two million of them must not be two million objects.
 * Invariants: an entry is in one list or free; what is read equals what was put; a text that no entry has any more is
 * forgotten, so that what strangers send fills no memory.
 */
import { type IpAddress, addressFromBytes } from '../../net/ip-address.ts';
import { CountedTexts } from '../../zone/packed/counted-texts.ts';
import { SharedTexts } from '../../zone/packed/shared-texts.ts';
import { type AttemptOutcome, type AttemptRun, type Sighting, copyOf } from './sighting.ts';

/** Stands for no entry. */
export const NONE = 0;

/** Words of 32 bits of a row, and the same row in numbers of 64 bits. */
const ROW = 16;
const WIDE_ROW = ROW / 2;
const FIRST_ROOM = 8;
const OLDER = 0;
/** The outcome's number, the dialect's, the octets of the source and whether the sender was proved: 8 bits each. */
const KIND = 1;
const AGENT = 2;
const COUNT = 3;
const SOURCE = 4;
/** In the row of numbers of 64 bits. */
const FIRST_AT = 4;
const LAST_AT = 5;

const MAX_COUNT = 0xffff_ffff;
/** An entry without its texts, and its place in the list. */
const ENTRY_BYTES = 160;

/** The rows; an entry is known by the number of its row, which is never NONE. */
export class EntryRows {
  readonly #outcomes = new SharedTexts();
  readonly #dialects = new SharedTexts();
  readonly #agents = new CountedTexts();
  #words = new Uint32Array(FIRST_ROOM * ROW);
  /** The same memory. */
  #wide = new Float64Array(this.#words.buffer);
  /** The first free row, each of which knows the next one. */
  #free = NONE;
  #end = 1;

  /** The entry that came before in the list of an entry. */
  older(entry: number): number {
    return this.#words[entry * ROW + OLDER]!;
  }

  /** Makes an entry the one before another in its list. */
  setOlder(entry: number, older: number): void {
    this.#words[entry * ROW + OLDER] = older;
  }

  /** Makes an entry of a sighting, in front of the list that begins with `older`. */
  add({ outcome, proved, source, agent, dialect, at }: Sighting, older: number): number {
    const entry = this.#obtain();
    const words = this.#words;
    const row = entry * ROW;
    words[row + OLDER] = older;
    words[row + KIND] =
      this.#outcomes.numberOf(outcome) |
      (this.#dialects.numberOf(dialect) << 8) |
      (source.length << 16) |
      ((proved ? 1 : 0) << 24);
    words[row + AGENT] = this.#agents.take(this.#agents.find(agent) === -1 ? copyOf(agent) : agent);
    words[row + COUNT] = 1;
    for (let i = 0; i < source.length; i += 4) words[row + SOURCE + (i >> 2)] = wordOf(source, i);
    this.#wide[entry * WIDE_ROW + FIRST_AT] = at;
    this.#wide[entry * WIDE_ROW + LAST_AT] = at;
    return entry;
  }

  /** Frees an entry, which is in no list any more. */
  remove(entry: number): void {
    this.#agents.release(this.#words[entry * ROW + AGENT]!);
    this.#words[entry * ROW + OLDER] = this.#free;
    this.#free = entry;
  }

  /** Whether a sighting is one more of an entry's; allocates nothing. */
  isEqual(entry: number, { outcome, proved, source, agent, dialect }: Sighting): boolean {
    const words = this.#words;
    const row = entry * ROW;
    const kind = words[row + KIND]!;
    if (
      ((kind >>> 16) & 255) !== source.length ||
      kind >>> 24 !== (proved ? 1 : 0) ||
      this.#outcomes.at(kind & 255) !== outcome ||
      this.#dialects.at((kind >>> 8) & 255) !== dialect
    )
      return false;
    for (let i = 0; i < source.length; i += 4)
      if (words[row + SOURCE + (i >> 2)] !== wordOf(source, i)) return false;
    return this.#agents.at(words[row + AGENT]!) === agent;
  }

  /** Counts one more of an entry's. */
  count(entry: number, at: number): void {
    const words = this.#words;
    const place = entry * ROW + COUNT;
    if (words[place]! < MAX_COUNT) words[place] = words[place]! + 1;
    this.#wide[entry * WIDE_ROW + LAST_AT] = at;
  }

  /** Whether an entry's senders were proved. */
  isProved(entry: number): boolean {
    return this.#words[entry * ROW + KIND]! >>> 24 === 1;
  }

  /** About how much memory an entry takes where its agent is no other's. */
  bytesOf(entry: number): number {
    const words = this.#words;
    const row = entry * ROW;
    return ENTRY_BYTES + ((words[row + KIND]! >>> 16) & 255) + this.#agents.at(words[row + AGENT]!).length;
  }

  /** An entry as an object. */
  get(entry: number): AttemptRun {
    const kind = this.#words[entry * ROW + KIND]!;
    return {
      // Only outcomes were put there.
      outcome: this.#outcomes.at(kind & 255) as AttemptOutcome,
      proved: this.isProved(entry),
      source: this.#sourceOf(entry),
      agent: this.#agents.at(this.#words[entry * ROW + AGENT]!),
      dialect: this.#dialects.at((kind >>> 8) & 255),
      firstAt: this.#wide[entry * WIDE_ROW + FIRST_AT]!,
      lastAt: this.#wide[entry * WIDE_ROW + LAST_AT]!,
      count: this.#words[entry * ROW + COUNT]!,
    };
  }

  #sourceOf(entry: number): IpAddress {
    const row = entry * ROW;
    const octets = Buffer.alloc((this.#words[row + KIND]! >>> 16) & 255);
    for (let i = 0; i < octets.length; i += 4) octets.writeUInt32BE(this.#words[row + SOURCE + (i >> 2)]!, i);
    return addressFromBytes(octets);
  }

  #obtain(): number {
    const free = this.#free;
    if (free !== NONE) {
      this.#free = this.#words[free * ROW + OLDER]!;
      return free;
    }
    if (this.#end * ROW === this.#words.length) this.#grow();
    return this.#end++;
  }

  #grow(): void {
    const words = new Uint32Array(this.#words.length * 2);
    words.set(this.#words);
    this.#words = words;
    this.#wide = new Float64Array(words.buffer);
  }
}

/** Four octets of an address as a number. */
function wordOf(source: IpAddress, at: number): number {
  return (
    ((source.charCodeAt(at) << 24) |
      (source.charCodeAt(at + 1) << 16) |
      (source.charCodeAt(at + 2) << 8) |
      source.charCodeAt(at + 3)) >>>
    0
  );
}
