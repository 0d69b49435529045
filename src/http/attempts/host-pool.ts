/**
 * Hosts with attempts, found by name. Not a Map: finding what to forget first at the beginning of one that always
 * loses its first takes as long as it is, and now and then it is copied whole.
 * Invariants: a host keeps its number until it is removed; none is taken in one look longer than another, however many
 * came and went; about the least recently used goes first.
 */
import { randomInt } from 'node:crypto';
import type { HostAttempts } from './host-attempts.ts';

/** To how many hosts in use a second chance is given for each that goes, so that none of it takes long. */
const SECOND_CHANCES = 8;
const FIRST_ROOM = 8;

/** A set of hosts that all have the same right to stay. */
export class HostPool {
  // Makes collisions unpredictable from outside.
  readonly #seed = randomInt(2 ** 32) | 0;
  /** A number plus one in each slot, 0 where it is free; at most half of them are taken. */
  #slots = new Uint32Array(2 * FIRST_ROOM);
  #hashes = new Uint32Array(FIRST_ROOM);
  #used = new Uint8Array(FIRST_ROOM);
  readonly #names: (string | undefined)[] = [];
  readonly #attempts: (HostAttempts | undefined)[] = [];
  readonly #free: number[] = [];
  /** Where to look next for one that can go. */
  #hand = 0;

  get size(): number {
    return this.#names.length - this.#free.length;
  }

  /** The number of a host, or -1. */
  find(name: string): number {
    const hash = this.#hash(name);
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const number = this.#slots[slot]! - 1;
      if (number === -1 || (this.#hashes[number] === hash && this.#names[number] === name)) return number;
    }
  }

  /** The attempts at a host that is there. */
  at(number: number): HostAttempts {
    return this.#attempts[number]!;
  }

  /** Notes that a host is in use. */
  touch(number: number): void {
    this.#used[number] = 1;
  }

  /** Takes in a host that is not there, and returns its number. */
  add(name: string, attempts: HostAttempts): number {
    const number = this.#free.pop() ?? this.#names.length;
    if (number === this.#hashes.length) this.#grow();
    this.#names[number] = name;
    this.#attempts[number] = attempts;
    this.#used[number] = 0;
    this.#hashes[number] = this.#hash(name);
    this.#enter(number);
    return number;
  }

  /** Removes a host that is there. */
  remove(number: number): void {
    const mask = this.#slots.length - 1;
    let hole = this.#hashes[number]! & mask;
    while (this.#slots[hole] !== number + 1) hole = (hole + 1) & mask;
    // Whoever was pushed on by it moves up, so that no search ends too early.
    for (let next = (hole + 1) & mask; this.#slots[next] !== 0; next = (next + 1) & mask) {
      const home = this.#hashes[this.#slots[next]! - 1]! & mask;
      if (((next - home) & mask) < ((next - hole) & mask)) continue;
      this.#slots[hole] = this.#slots[next]!;
      hole = next;
    }
    this.#slots[hole] = 0;
    this.#names[number] = undefined;
    this.#attempts[number] = undefined;
    this.#free.push(number);
  }

  /** The host to be forgotten next, of a pool that has any. */
  nextToGo(): number {
    for (let chances = SECOND_CHANCES; ;) {
      const number = this.#hand;
      this.#hand = (number + 1) % this.#names.length;
      if (this.#names[number] === undefined) continue;
      if (this.#used[number] === 0 || chances === 0) return number;
      chances--;
      this.#used[number] = 0;
    }
  }

  #enter(number: number): void {
    const mask = this.#slots.length - 1;
    let slot = this.#hashes[number]! & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = number + 1;
  }

  #grow(): void {
    const hashes = this.#hashes;
    const used = this.#used;
    this.#hashes = new Uint32Array(hashes.length * 2);
    this.#hashes.set(hashes);
    this.#used = new Uint8Array(hashes.length * 2);
    this.#used.set(used);
    this.#slots = new Uint32Array(hashes.length * 4);
    for (let number = 0; number < hashes.length; number++) this.#enter(number);
  }

  #hash(name: string): number {
    let hash = this.#seed;
    for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
    return (hash ^ (hash >>> 15)) >>> 0;
  }
}
