/**
 * Tokens as this program makes them, in one row of 64 bytes each, which is one line of a processor's cache, beside the
 * name of the host: about a hundred bytes for a token of one host.
 * Invariants: a number has a token in its row and in both indexes or nowhere; what is read equals what was put. A
 * token of another form (an id or a digest of other length or letters) is refused, and never half put.
 */
import type { Token } from '../../account/token.ts';
import type { Name } from '../../zone/name.ts';
import { ByteArena, placeOf } from '../../zone/packed/byte-arena.ts';
import { CountedTexts } from '../../zone/packed/counted-texts.ts';
import { FIRST_ROOM, resized } from '../../zone/packed/name-table.ts';
import { NumberIndex } from '../../zone/packed/number-index.ts';
import {
  DIGEST_LENGTH,
  DIGEST_WORDS,
  ID_LENGTH,
  digestText,
  idText,
  readDigest,
  readId,
} from './token-texts.ts';

/** A token of the usual form as it stands in a file, in one object that is used again for the next one. */
export interface TokenRow {
  /** What the texts of the id and of the digest lie in, with the lengths that `token-texts` gives them. */
  bytes: Buffer;
  idAt: number;
  digestAt: number;
  account: string;
  label: string;
  createdAt: number;
  /** The octets of the name of its one host. */
  readonly host: Buffer;
  /** 0 where the token is for all hosts of the account. */
  hostLength: number;
}

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
  readonly #byId = new NumberIndex();
  // A digest is an HMAC: its first word is as good a hash as any.
  readonly #byDigest = new NumberIndex();
  /** The digest that is looked for or put. */
  readonly #sought = new Uint32Array(DIGEST_WORDS);
  /** The octets of an id or a digest that was given as text. */
  readonly #octets = Buffer.alloc(DIGEST_LENGTH);
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
    return this.#findId(this.#readId(id));
  }

  /** The number of the token with the id of a row; -1 where there is none. */
  findIdOf({ bytes, idAt }: TokenRow): number {
    return this.#findId(readId(bytes, idAt));
  }

  /** The number of the token with a digest; -1 where there is none. */
  findDigest(digest: string): number {
    const sought = this.#sought;
    if (!this.#readDigest(digest)) return -1;
    const hash = sought[0]!;
    const index = this.#byDigest;
    for (let slot = index.first(hash); ; slot = index.next(slot)) {
      const number = index.at(slot);
      if (number === -1 || (index.hashAt(slot) === hash && this.#hasDigest(number, sought))) return number;
    }
  }

  /** Puts a token whose id no other has, and returns its number; -1 where it is not of the form that is kept here. */
  add(token: Token): number {
    if (token.gnudip !== undefined) return -1;
    const id = this.#readId(token.id);
    if (id === -1 || !this.#readDigest(token.digest)) return -1;
    const number = this.#addSought(id, token);
    this.#words[number * ROW + HOSTS] = this.#takeHosts(number, token.hosts);
    return number;
  }

  /** As `add`, of a row. */
  addRow(row: TokenRow): number {
    const id = readId(row.bytes, row.idAt);
    if (id === -1 || !readDigest(row.bytes, row.digestAt, this.#sought)) return -1;
    const number = this.#addSought(id, row);
    const { host, hostLength } = row;
    this.#words[number * ROW + HOSTS] = hostLength === 0 ? ALL_HOSTS : this.#takeHost(host, hostLength);
    return number;
  }

  /** Takes the token of a number away. */
  remove(number: number): void {
    this.#byId.remove(number, hashId(this.#wide[number * WIDE_ROW + ID_AT]!));
    this.#byDigest.remove(number, this.#words[number * ROW]!);
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

  /** Whether a number below `end` has a token of this account. */
  isOf(number: number, account: string): boolean {
    return this.has(number) && this.#words[number * ROW + ACCOUNT] === this.#accounts.find(account);
  }

  /** Puts all but the hosts of a token with this id and the digest that is sought. */
  #addSought(
    id: number,
    { account, label, createdAt }: Pick<Token, 'account' | 'label' | 'createdAt'>,
  ): number {
    if (this.#free.length === 0 && this.#end * ROW === this.#words.length) this.#grow();
    const number = this.#free.pop() ?? this.#end++;
    const words = this.#words;
    const at = number * ROW;
    for (let i = 0; i < DIGEST_WORDS; i++) words[at + i] = this.#sought[i]!;
    words[at + ACCOUNT] = this.#accounts.take(account);
    words[at + LABEL] = this.#labels.take(label);
    this.#wide[number * WIDE_ROW + ID_AT] = id;
    this.#wide[number * WIDE_ROW + TIME_AT] = createdAt;
    this.#byId.add(number, hashId(id));
    this.#byDigest.add(number, this.#sought[0]!);
    return number;
  }

  #findId(id: number): number {
    if (id === -1) return -1;
    const hash = hashId(id);
    const index = this.#byId;
    for (let slot = index.first(hash); ; slot = index.next(slot)) {
      const number = index.at(slot);
      if (number === -1) return -1;
      if (index.hashAt(slot) === hash && this.#wide[number * WIDE_ROW + ID_AT] === id) return number;
    }
  }

  /** The number of an id; -1 where it is of another form. */
  #readId(id: string): number {
    return id.length === ID_LENGTH && this.#read(id) ? readId(this.#octets, 0) : -1;
  }

  /** Makes a digest the one that is sought; false where it is of another form. */
  #readDigest(digest: string): boolean {
    return digest.length === DIGEST_LENGTH && this.#read(digest) && readDigest(this.#octets, 0, this.#sought);
  }

  /** Copies a text to where its octets can be read; false where it is not ASCII. */
  #read(text: string): boolean {
    let seen = 0;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      seen |= code;
      this.#octets[i] = code;
    }
    return seen < 128;
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
    const octets = Buffer.from(hosts[0]!, 'latin1');
    return this.#takeHost(octets, octets.length);
  }

  #takeHost(octets: Buffer, length: number): number {
    const place = this.#names.allocate(1 + length);
    const at = placeOf(place);
    const { bytes } = this.#names;
    bytes[at] = length;
    for (let i = 0; i < length; i++) bytes[at + 1 + i] = octets[i]!;
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
