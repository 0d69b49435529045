/**
 * Networks from which somebody logged in rightly of late: they have places in the queue of passwords that a crowd of
 * strangers cannot fill.
 * Invariants: constant memory; a network comes in by right credentials alone, and stands for one only (a tag of 32
 * bits under a random seed that nobody can aim at); which of two that share a slot is known is of no importance.
 */
import { randomInt } from 'node:crypto';

const SLOTS = 65_536;
const NOBODY = 0;

/** The networks, as `sourceNetwork` names them. */
export class KnownSources {
  readonly #seed = randomInt(2 ** 31);
  readonly #tags = new Uint32Array(SLOTS);

  /** Notes a right log-in. */
  note(network: string): void {
    const tag = this.#tagOf(network);
    this.#tags[tag & (SLOTS - 1)] = tag;
  }

  /** Whether there was one from here, and from nobody since who has its slot. */
  has(network: string): boolean {
    const tag = this.#tagOf(network);
    return this.#tags[tag & (SLOTS - 1)] === tag;
  }

  #tagOf(network: string): number {
    let hash = this.#seed;
    for (let i = 0; i < network.length; i++) {
      hash = Math.imul(hash ^ network.charCodeAt(i), 0x85ebca6b);
      hash ^= hash >>> 13;
    }
    hash = Math.imul(hash ^ (hash >>> 16), 0xc2b2ae35);
    return (hash ^ (hash >>> 15)) >>> 0 || NOBODY + 1;
  }
}
