/**
 * Tokens as this program makes them, in one row of 64 bytes each, which is one line of a processor's cache, beside the
 * name of the host: about a hundred bytes for a token of one host.
 * Invariants: a number has a token in its row and in both indexes or nowhere; what is read equals what was put. A
 * token of another form (an id or a digest of other length or letters, or with what GnuDIP needs) is refused, and
 * never half put.
 */
import type { Token } from '../../account/token.ts';
import type { Name } from '../../zone/name.ts';
import { ByteArena, placeOf } from '../../zone/packed/byte-arena.ts';
import { FIRST_ROOM, resized } from '../../zone/packed/name-table.ts';
import { CountedTexts } from './counted-texts.ts';
import { NumberIndex } from './number-index.ts';
import { DIGEST_WORDS, digestText, idText, readDigest, readId } from './token-texts.ts';

/** In the column of hosts: all of the account's. No place in an arena has this number. */
const ALL_HOSTS = 0;
/** In the column of hosts: the list is in the map. */
const LISTED = 0xffff_ffff;
const NO_ID = -1;

/** Words of 32 bits of a row: the digest, the id and the time (two words each), the account, the label, the hosts. */
const ROW = 16;
const ACCOUNT = DIGEST_WORDS + 4;
const LABEL = DIGEST_WORDS + 5;
const HOSTS = DIGEST_WORDS + 6;
/** The same row in numbers of 64 bits. */
const WIDE_ROW = ROW / 2;
const ID_AT = DIGEST_WORDS / 2;
const TIME_AT = DIGEST_WORDS / 2 + 1;

/** The rows; a token is known by the number of its row. */
export class PackedTokens {
  readonly #accounts = new CountedTexts();
  readonly #labels = new CountedTexts();
  readonly #names = new ByteArena();
  readonly #hostLists = new Map<number, readonly Name[]>();
  #words = new Uint32Array(FIRST_ROOM * ROW);
  /** The same memory. An id, ten digits of base 36, is a whole number below 2^53; NO_ID in a row without a token. */
  #wide = new Float64Array(this.#words.buffer);
  readonly #byId = new NumberIndex((number) => hashId(this.#wide[number * WIDE_ROW + ID_AT]!));
  // A digest is an HMAC: its first word is as good a hash as any.
  readonly #byDigest = new NumberIndex((number) => this.#words[number * ROW]!);
  readonly #sought = new Uint32Array(DIGEST_WORDS);
  readonly #free: number[] = [];
  #end = 0;

  /** How many tokens there are. */
  get size(): number {
    return this.#end - this.#free.length;
  }

  /** One more than the highest number that was ever given. */
  get end(): number {
    return this.#end;
  }

  /** Whether a number below `end` has a token. */
  has(number: number): boolean {
    return this.#wide[number * WIDE_ROW + ID_AT] !== NO_ID;
  }

  /** The number of the token with an id; -1 where there is none. */
  findId(id: string): number {
    const sought = readId(id);
    if (sought === -1) return -1;
    for (let slot = this.#byId.first(hashId(sought)); ; slot = this.#byId.next(slot)) {
      const number = this.#byId.at(slot);
      if (number === -1 || this.#wide[number * WIDE_ROW + ID_AT] === sought) return number;
    }
  }

  /** The number of the token with a digest; -1 where there is none. */
  findDigest(digest: string): number {
    const sought = this.#sought;
    if (!readDigest(digest, sought)) return -1;
    for (let slot = this.#byDigest.first(sought[0]!); ; slot = this.#byDigest.next(slot)) {
      const number = this.#byDigest.at(slot);
      if (number === -1 || this.#hasDigest(number, sought)) return number;
    }
  }

  /** Puts a token whose id no other has, and returns its number; -1 where it is not of the form that is kept here. */
  add(token: Token): number {
    const id = token.gnudip === undefined ? readId(token.id) : -1;
    if (id === -1 || !readDigest(token.digest, this.#sought)) return -1;
    if (this.#free.length === 0 && this.#end * ROW === this.#words.length) this.#grow();
    const number = this.#free.pop() ?? this.#end++;
    const at = number * ROW;
    this.#words.set(this.#sought, at);
    this.#words[at + ACCOUNT] = this.#accounts.take(token.account);
    this.#words[at + LABEL] = this.#labels.take(token.label);
    this.#words[at + HOSTS] = this.#takeHosts(number, token.hosts);
    this.#wide[number * WIDE_ROW + ID_AT] = id;
    this.#wide[number * WIDE_ROW + TIME_AT] = token.createdAt;
    this.#byId.add(number);
    this.#byDigest.add(number);
    return number;
  }

  /** Takes the token of a number away. */
  remove(number: number): void {
    this.#byId.remove(number);
    this.#byDigest.remove(number);
    this.#accounts.release(this.#words[number * ROW + ACCOUNT]!);
    this.#labels.release(this.#words[number * ROW + LABEL]!);
    this.#releaseHosts(number, this.#words[number * ROW + HOSTS]!);
    this.#wide[number * WIDE_ROW + ID_AT] = NO_ID;
    this.#free.push(number);
  }

  /** The token of a number that has one: a new object. `digest` is its digest, for whoever has it as text already. */
  get(number: number, digest = digestText(this.#words, number * ROW)): Token {
    const at = number * ROW;
    return {
      id: idText(this.#wide[number * WIDE_ROW + ID_AT]!),
      account: this.#accounts.at(this.#words[at + ACCOUNT]!),
      hosts: this.#hostsOf(number),
      label: this.#labels.at(this.#words[at + LABEL]!),
      digest,
      createdAt: this.#wide[number * WIDE_ROW + TIME_AT]!,
    };
  }

  /** The numbers of an account's tokens. */
  ofAccount(name: string): number[] {
    const account = this.#accounts.find(name);
    const numbers: number[] = [];
    if (account === -1) return numbers;
    for (let number = 0; number < this.#end; number++)
      if (this.#words[number * ROW + ACCOUNT] === account && this.has(number)) numbers.push(number);
    return numbers;
  }

  #hasDigest(number: number, words: Uint32Array): boolean {
    const at = number * ROW;
    for (let i = 0; i < DIGEST_WORDS; i++) if (this.#words[at + i] !== words[i]) return false;
    return true;
  }

  #takeHosts(number: number, hosts: readonly Name[] | null): number {
    if (hosts === null) return ALL_HOSTS;
    if (hosts.length !== 1) {
      this.#hostLists.set(number, hosts);
      return LISTED;
    }
    const name = hosts[0]!;
    const place = this.#names.allocate(1 + name.length);
    const at = placeOf(place);
    const { bytes } = this.#names;
    bytes[at] = name.length;
    bytes.write(name, at + 1, 'latin1');
    return place;
  }

  #releaseHosts(number: number, hosts: number): void {
    if (hosts === LISTED) this.#hostLists.delete(number);
    else if (hosts !== ALL_HOSTS) this.#names.release(hosts, 1 + this.#names.bytes[placeOf(hosts)]!);
  }

  #hostsOf(number: number): readonly Name[] | null {
    const hosts = this.#words[number * ROW + HOSTS]!;
    if (hosts === ALL_HOSTS) return null;
    if (hosts === LISTED) return this.#hostLists.get(number)!;
    const { bytes } = this.#names;
    const at = placeOf(hosts);
    return [bytes.toString('latin1', at + 1, at + 1 + bytes[at]!) as Name];
  }

  #grow(): void {
    this.#words = resized(this.#words, this.#words.length * 2);
    this.#wide = new Float64Array(this.#words.buffer);
  }
}

/** The upper bits stir the lower ones, by which a slot is chosen. */
function hashId(id: number): number {
  const hash = Math.imul((id >>> 0) ^ Math.imul(Math.floor(id / 2 ** 32), 0x2c1b3c6d), 0x297a2d39);
  return (hash ^ (hash >>> 15)) >>> 0;
}
