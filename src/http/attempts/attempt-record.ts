/**
 * The last attempts at every host, in memory, since the start.
 *
 * Invariants: only hosts that exist have a place, from their first attempt on; hosts of which only strangers have
 * attempts are apart from those whose owners have, so no number of strangers, sources or names pushes out what
 * owners did; memory is bounded for both by the number of hosts and by bytes; of hosts, about the least recently
 * used goes first. An attempt like one before it allocates nothing.
 */
import type { Host } from '../../account/host.ts';
import { hostNameBehind } from '../../update/txt/plan-txt.ts';
import { parseHostnameOrWildcard } from '../../zone/hostname.ts';
import { type Name, formatHostname } from '../../zone/name.ts';
import { HostAttempts } from './host-attempts.ts';
import { HostPool, createNameHash } from './host-pool.ts';
import type { AttemptRun, Sighting } from './sighting.ts';

/** Where hosts are looked up. */
export interface HostDirectory {
  host(name: Name): Host | undefined;
}

/** How much is kept. */
export interface AttemptLimits {
  /** Hosts with attempts of their owners; and hosts with none but strangers'. */
  readonly hosts: number;
  readonly strangersHosts: number;
  /** Bytes of owners' entries, and of strangers'. */
  readonly bytes: number;
  readonly strangersBytes: number;
}

const LIMITS: AttemptLimits = {
  hosts: 100_000,
  strangersHosts: 10_000,
  bytes: 64 * 1024 * 1024,
  strangersBytes: 8 * 1024 * 1024,
};

/** Where a host's attempts are kept. */
interface Place {
  readonly pool: HostPool;
  readonly number: number;
}

/** A host by the name that it has here, and where its attempts are, if they are anywhere. */
interface Keyed {
  readonly key: string;
  readonly hash: number;
  readonly known: Place | undefined;
}

/** The record of attempts. */
export class AttemptRecord {
  readonly #directory: HostDirectory;
  readonly #limits: AttemptLimits;
  readonly #hash = createNameHash();
  /** By host name in lower case without a trailing dot, as nearly every device writes it. */
  readonly #own = new HostPool();
  readonly #strangers = new HostPool();
  readonly #attempts = new HostAttempts();

  constructor(directory: HostDirectory, limits: Partial<AttemptLimits> = {}) {
    this.#directory = directory;
    this.#limits = { ...LIMITS, ...limits };
  }

  /** How many hosts have attempts, and about how many bytes the entries take. */
  get size(): { readonly hosts: number; readonly bytes: number } {
    const { ownBytes, strangerBytes } = this.#attempts;
    return { hosts: this.#own.size + this.#strangers.size, bytes: ownBytes + strangerBytes };
  }

  /** Notes an attempt at a host as it was named, or at the name of its ACME challenges; others are not noted. */
  note(text: string, sighting: Sighting): void {
    const hash = this.#hash(text);
    const number = this.#own.find(text, hash);
    if (number !== -1) {
      if (!this.#join(this.#own, number, sighting))
        this.#noteAt({ key: text, hash, known: { pool: this.#own, number } }, sighting);
      return;
    }
    const key = this.#keyOf(text);
    if (key === undefined) return;
    // Not among the owners': that was just looked up.
    if (key === text)
      this.#noteAt({ key, hash, known: this.#placeIn([this.#strangers], key, hash) }, sighting);
    else this.#noteAt(this.#keyed(key), sighting);
  }

  /** The host behind what was named, where it exists. */
  hostOf(text: string): Host | undefined {
    const name = parseHostnameOrWildcard(text);
    if (name === undefined) return undefined;
    return this.#directory.host(name) ?? this.#directory.host(hostNameBehind(name));
  }

  /** The attempts at a host, the latest first. */
  list(host: Name): readonly AttemptRun[] {
    const key = formatHostname(host);
    const place = this.#placeOf(key);
    return place === undefined ? [] : this.#attempts.list(place.pool, place.number);
  }

  /** Forgets a host: whoever has the name next has no part in what was before. */
  forget(host: Name): void {
    if (this.#own.size + this.#strangers.size === 0) return;
    const place = this.#placeOf(formatHostname(host));
    if (place !== undefined) this.#remove(place.pool, place.number);
  }

  #keyOf(text: string): string | undefined {
    const host = this.hostOf(text);
    if (host === undefined) return undefined;
    return isWrittenAs(host.name, text) ? text : formatHostname(host.name);
  }

  #placeOf(key: string): Place | undefined {
    return this.#keyed(key).known;
  }

  #keyed(key: string): Keyed {
    const hash = this.#hash(key);
    return { key, hash, known: this.#placeIn([this.#own, this.#strangers], key, hash) };
  }

  #placeIn(pools: readonly HostPool[], key: string, hash: number): Place | undefined {
    for (const pool of pools) {
      const number = pool.find(key, hash);
      if (number !== -1) return { pool, number };
    }
    return undefined;
  }

  #join(pool: HostPool, number: number, sighting: Sighting): boolean {
    if (!this.#attempts.join(pool, number, sighting)) return false;
    if (sighting.proved) pool.touch(number);
    return true;
  }

  #noteAt(keyed: Keyed, sighting: Sighting): void {
    const { proved } = sighting;
    const { known } = keyed;
    if (known !== undefined && this.#join(known.pool, known.number, sighting)) return;
    if (!proved && !this.#hasRoomForStranger()) return;
    // Looked up again where it was in the way: it may just have been forgotten.
    const isSure = proved || known === undefined;
    const { pool, number } = this.#obtain(isSure ? keyed : this.#keyed(keyed.key), proved);
    if (proved) pool.touch(number);
    this.#attempts.add(pool, number, sighting);
    while (this.#attempts.ownBytes > this.#limits.bytes && this.#own.size > 1) this.#forgetOne(this.#own);
  }

  /** The place of a host, among the owners' or the strangers' from here on. */
  #obtain({ key, hash, known }: Keyed, proved: boolean): Place {
    if (known !== undefined && (known.pool === this.#own || !proved)) return known;
    const [pool, limit] = proved
      ? [this.#own, this.#limits.hosts]
      : [this.#strangers, this.#limits.strangersHosts];
    while (pool.size >= limit) this.#forgetOne(pool);
    const number = pool.add(key, hash);
    if (known !== undefined) {
      this.#attempts.move([known.pool, known.number], [pool, number]);
      known.pool.remove(known.number);
    }
    return { pool, number };
  }

  /** Where strangers have had their share, the hosts that only they have named go, and then nothing of theirs is added. */
  #hasRoomForStranger(): boolean {
    const attempts = this.#attempts;
    while (attempts.strangerBytes >= this.#limits.strangersBytes && this.#strangers.size > 1)
      this.#forgetOne(this.#strangers);
    return attempts.strangerBytes < this.#limits.strangersBytes;
  }

  #forgetOne(pool: HostPool): void {
    this.#remove(pool, pool.nextToGo());
  }

  #remove(pool: HostPool, number: number): void {
    this.#attempts.clear(pool, number);
    pool.remove(number);
  }
}

/** Whether a text that was read as a name is that name as it is formatted: nearly always, and quickly said. */
function isWrittenAs(name: Name, text: string): boolean {
  if (name.length !== text.length + 2) return false;
  let nextLabel = name.charCodeAt(0);
  for (let i = 0; i < text.length; i++) {
    let octet = name.charCodeAt(i + 1);
    if (i === nextLabel) {
      nextLabel += 1 + octet;
      octet = DOT;
    }
    if (text.charCodeAt(i) !== octet) return false;
  }
  return true;
}

const DOT = '.'.charCodeAt(0);
