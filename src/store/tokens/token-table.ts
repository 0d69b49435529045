/**
 * The tokens of a store, by id and by digest in one look-up each. A million of them must not be a million objects, so
 * tokens are made when they are asked for; those that devices use are kept for a while, being asked for again.
 * Invariants: a token is in both indexes or in none; as long as it is kept, the same token is the same object, and no
 * object is given out after its token was replaced or removed. No two tokens have one digest.
 */
import type { Token } from '../../account/token.ts';
import type { Steps } from '../../ops/steps.ts';
import { PackedTokens, type TokenRow } from './packed-tokens.ts';
import { ID_LENGTH } from './token-texts.ts';

/** Rows that are looked at in one step: a millisecond or two where all of them go. */
const ROWS_PER_STEP = 2048;
/** How many tokens are kept as objects; a power of two. */
const KEPT = 16_384;

/** Tokens that come and go. */
export class TokenTable {
  readonly #packed = new PackedTokens();
  /** Tokens that are not of the form that packing knows, by id and by digest. */
  readonly #others = new Map<string, Token>();
  readonly #othersByDigest = new Map<string, Token>();
  /** Each at the lower bits of its number. */
  readonly #kept: (Token | undefined)[] = [];
  readonly #keptNumbers = new Uint32Array(KEPT);

  /** How many tokens there are. */
  get size(): number {
    return this.#packed.size + this.#others.size;
  }

  /** The token with an id. */
  byId(id: string): Token | undefined {
    const number = this.#packed.findId(id);
    return number === -1 ? this.#others.get(id) : this.#packed.get(number);
  }

  /** The token with a digest. */
  byDigest(digest: string): Token | undefined {
    const number = this.#packed.findDigest(digest);
    if (number === -1) return this.#others.size === 0 ? undefined : this.#othersByDigest.get(digest);
    const slot = number & (KEPT - 1);
    const kept = this.#kept[slot];
    if (kept !== undefined && this.#keptNumbers[slot] === number) return kept;
    const token = this.#packed.get(number, digest);
    this.#kept[slot] = token;
    this.#keptNumbers[slot] = number;
    return token;
  }

  /** All tokens, each made when it is its turn; they may change meanwhile. */
  *all(): IterableIterator<Token> {
    for (let number = 0; number < this.#packed.end; number++)
      if (this.#packed.has(number)) yield this.#packed.get(number);
    yield* this.#others.values();
  }

  /** Puts a token in the place of the one with its id, if there is one. */
  put(token: Token): void {
    this.remove(token.id);
    if (this.#packed.add(token) !== -1) return;
    this.#others.set(token.id, token);
    this.#othersByDigest.set(token.digest, token);
  }

  /** As `put`, of a row; false where it is not of the form that rows have. */
  putRow(row: TokenRow): boolean {
    const before = this.#packed.findIdOf(row);
    if (before !== -1) this.#removePacked(before);
    else if (this.#others.size > 0)
      this.#removeOther(row.bytes.toString('latin1', row.idAt, row.idAt + ID_LENGTH));
    return this.#packed.addRow(row) !== -1;
  }

  /** Takes a token away, if it is there. */
  remove(id: string): void {
    const number = this.#packed.findId(id);
    if (number !== -1) this.#removePacked(number);
    else this.#removeOther(id);
  }

  #removeOther(id: string): void {
    const other = this.#others.get(id);
    if (other === undefined) return;
    this.#others.delete(id);
    this.#othersByDigest.delete(other.digest);
  }

  /** Takes all tokens of an account away; walks all tokens, in steps between which none may be put. */
  *removeAccount(name: string): Steps<undefined> {
    for (let number = 0; number < this.#packed.end; number++) {
      if (this.#packed.isOf(number, name)) this.#removePacked(number);
      if (number % ROWS_PER_STEP === ROWS_PER_STEP - 1) yield;
    }
    for (const { id, account } of [...this.#others.values()]) if (account === name) this.remove(id);
    return undefined;
  }

  #removePacked(number: number): void {
    const slot = number & (KEPT - 1);
    if (this.#keptNumbers[slot] === number) this.#kept[slot] = undefined;
    this.#packed.remove(number);
  }
}
