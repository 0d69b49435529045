/**
 * The last attempts to update each host, in two lists of entries: of those who proved that the host is theirs, and of
 * all others.
 *
 * Invariants: at most 20 entries of a host, at most half of them of strangers, so that a stranger never pushes out the
 * owner's last ten; equal attempts are one entry with a count, so that months of the same do not push out what differs.
 */
import { EntryRows, NONE } from './entry-rows.ts';
import { type HostPool, VALUE } from './host-pool.ts';
import type { AttemptRun, Sighting } from './sighting.ts';

/** How many entries a host has at most, and how many of them strangers can make. */
export const ATTEMPTS_PER_HOST = { all: 20, strangers: 10 } as const;

/** An entry is looked for among the last so many: devices send IPv4 and IPv6 in turns, each from its own address. */
const WINDOW = 4;

type List = typeof VALUE.OWN | typeof VALUE.STRANGERS;

/** The attempts at the hosts of any number of pools. */
export class HostAttempts {
  readonly #entries = new EntryRows();
  /** About how much memory the entries of each kind take. */
  #ownBytes = 0;
  #strangerBytes = 0;

  get ownBytes(): number {
    return this.#ownBytes;
  }

  get strangerBytes(): number {
    return this.#strangerBytes;
  }

  /** Counts a sighting where an equal one is among the last; allocates nothing. False where it would be a new entry. */
  join(pool: HostPool, host: number, sighting: Sighting): boolean {
    const entries = this.#entries;
    // Nearly always the one that counted last.
    const latest = pool.get(host, VALUE.LATEST);
    const entry =
      latest !== NONE && entries.isEqual(latest, sighting) ? latest : this.#find(pool, host, sighting);
    if (entry === NONE) return false;
    entries.count(entry, sighting.at);
    if (entry !== latest) pool.set(host, VALUE.LATEST, entry);
    return true;
  }

  /** Makes an entry of a sighting; the oldest leaves where there are too many. */
  add(pool: HostPool, host: number, sighting: Sighting): void {
    const own = this.#length(pool, host, VALUE.OWN);
    const strangers = this.#length(pool, host, VALUE.STRANGERS);
    if (!sighting.proved && strangers >= ATTEMPTS_PER_HOST.strangers)
      this.#dropOldest(pool, host, VALUE.STRANGERS);
    else if (own + strangers >= ATTEMPTS_PER_HOST.all) {
      const isOwn = own > ATTEMPTS_PER_HOST.all - ATTEMPTS_PER_HOST.strangers;
      this.#dropOldest(pool, host, isOwn ? VALUE.OWN : VALUE.STRANGERS);
    }
    const list = listOf(sighting.proved);
    const entry = this.#entries.add(sighting, pool.get(host, list));
    pool.set(host, list, entry);
    pool.set(host, VALUE.LATEST, entry);
    this.#account(entry, 1);
  }

  /** All entries of a host, the latest first. */
  list(pool: HostPool, host: number): readonly AttemptRun[] {
    const runs: AttemptRun[] = [];
    for (const list of [VALUE.STRANGERS, VALUE.OWN]) {
      for (let entry = pool.get(host, list); entry !== NONE; entry = this.#entries.older(entry))
        runs.push(this.#entries.get(entry));
    }
    return runs.sort((a, b) => b.lastAt - a.lastAt);
  }

  /** Gives a host the entries of another, which has none then. */
  move([from, before]: readonly [HostPool, number], [to, after]: readonly [HostPool, number]): void {
    for (const value of [VALUE.LATEST, VALUE.OWN, VALUE.STRANGERS]) {
      to.set(after, value, from.get(before, value));
      from.set(before, value, NONE);
    }
  }

  /** Takes all entries of a host away. */
  clear(pool: HostPool, host: number): void {
    for (const list of [VALUE.OWN, VALUE.STRANGERS]) {
      let next;
      for (let entry = pool.get(host, list); entry !== NONE; entry = next) {
        next = this.#entries.older(entry);
        this.#remove(entry);
      }
      pool.set(host, list, NONE);
    }
    pool.set(host, VALUE.LATEST, NONE);
  }

  #find(pool: HostPool, host: number, sighting: Sighting): number {
    let entry = pool.get(host, listOf(sighting.proved));
    for (let left = WINDOW; left > 0 && entry !== NONE; left--) {
      if (this.#entries.isEqual(entry, sighting)) return entry;
      entry = this.#entries.older(entry);
    }
    return NONE;
  }

  #length(pool: HostPool, host: number, list: List): number {
    let length = 0;
    for (let entry = pool.get(host, list); entry !== NONE; entry = this.#entries.older(entry)) length++;
    return length;
  }

  /** Takes the oldest entry of a list that has one away. */
  #dropOldest(pool: HostPool, host: number, list: List): void {
    let newer = NONE;
    let oldest = pool.get(host, list);
    for (let older; (older = this.#entries.older(oldest)) !== NONE; oldest = older) newer = oldest;
    if (newer === NONE) pool.set(host, list, NONE);
    else this.#entries.setOlder(newer, NONE);
    if (pool.get(host, VALUE.LATEST) === oldest) pool.set(host, VALUE.LATEST, NONE);
    this.#remove(oldest);
  }

  #remove(entry: number): void {
    this.#account(entry, -1);
    this.#entries.remove(entry);
  }

  #account(entry: number, sign: 1 | -1): void {
    const bytes = sign * this.#entries.bytesOf(entry);
    if (this.#entries.isProved(entry)) this.#ownBytes += bytes;
    else this.#strangerBytes += bytes;
  }
}

function listOf(proved: boolean): List {
  return proved ? VALUE.OWN : VALUE.STRANGERS;
}
