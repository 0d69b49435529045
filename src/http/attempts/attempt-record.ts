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
import { type AttemptRun, HostAttempts, type Sighting } from './host-attempts.ts';
import { HostPool } from './host-pool.ts';

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
  readonly attempts: HostAttempts;
}

/** The record of attempts. */
export class AttemptRecord {
  readonly #directory: HostDirectory;
  readonly #limits: AttemptLimits;
  /** By host name in lower case without a trailing dot, as nearly every device writes it. */
  readonly #own = new HostPool();
  readonly #strangers = new HostPool();
  #bytes = 0;
  #strangersBytes = 0;

  constructor(directory: HostDirectory, limits: Partial<AttemptLimits> = {}) {
    this.#directory = directory;
    this.#limits = { ...LIMITS, ...limits };
  }

  /** How many hosts have attempts, and about how many bytes the entries take. */
  get size(): { readonly hosts: number; readonly bytes: number } {
    return { hosts: this.#own.size + this.#strangers.size, bytes: this.#bytes + this.#strangersBytes };
  }

  /** Notes an attempt at a host as it was named, or at the name of its ACME challenges; others are not noted. */
  note(text: string, sighting: Sighting): void {
    const known = this.#own.find(text);
    if (known !== -1 && this.#join(this.#own, known, sighting)) return;
    const key = known === -1 ? this.#keyOf(text) : text;
    if (key !== undefined) this.#noteAt(key, sighting);
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
    return this.#placeOf(key)?.attempts.list() ?? [];
  }

  /** Forgets a host: whoever has the name next has no part in what was before. */
  forget(host: Name): void {
    if (this.#own.size + this.#strangers.size === 0) return;
    const place = this.#placeOf(formatHostname(host));
    if (place !== undefined) this.#remove(place.pool, place.number);
  }

  #keyOf(text: string): string | undefined {
    const host = this.hostOf(text);
    return host === undefined ? undefined : formatHostname(host.name);
  }

  #placeOf(key: string): Place | undefined {
    for (const pool of [this.#own, this.#strangers]) {
      const number = pool.find(key);
      if (number !== -1) return { pool, number, attempts: pool.at(number) };
    }
    return undefined;
  }

  #join(pool: HostPool, number: number, sighting: Sighting): boolean {
    if (!pool.at(number).join(sighting)) return false;
    if (sighting.proved) pool.touch(number);
    return true;
  }

  #noteAt(key: string, sighting: Sighting): void {
    const { proved } = sighting;
    const known = this.#placeOf(key);
    if (known !== undefined && this.#join(known.pool, known.number, sighting)) return;
    if (!proved && !this.#hasRoomForStranger()) return;
    const { pool, number, attempts } = this.#obtain(key, proved);
    if (proved) pool.touch(number);
    this.#bytes -= attempts.ownBytes;
    this.#strangersBytes -= attempts.strangerBytes;
    attempts.add(sighting);
    this.#bytes += attempts.ownBytes;
    this.#strangersBytes += attempts.strangerBytes;
    while (this.#bytes > this.#limits.bytes && this.#own.size > 1) this.#forgetOne(this.#own);
  }

  /** The place of a host, among the owners' or the strangers' from here on. */
  #obtain(key: string, proved: boolean): Place {
    const known = this.#placeOf(key);
    if (known !== undefined && (known.pool === this.#own || !proved)) return known;
    known?.pool.remove(known.number);
    const [pool, limit] = proved
      ? [this.#own, this.#limits.hosts]
      : [this.#strangers, this.#limits.strangersHosts];
    while (pool.size >= limit) this.#forgetOne(pool);
    const attempts = known?.attempts ?? new HostAttempts();
    return { pool, number: pool.add(key, attempts), attempts };
  }

  /** Where strangers have had their share, the hosts that only they have named go, and then nothing of theirs is added. */
  #hasRoomForStranger(): boolean {
    while (this.#strangersBytes >= this.#limits.strangersBytes && this.#strangers.size > 1)
      this.#forgetOne(this.#strangers);
    return this.#strangersBytes < this.#limits.strangersBytes;
  }

  #forgetOne(pool: HostPool): void {
    this.#remove(pool, pool.nextToGo());
  }

  #remove(pool: HostPool, number: number): void {
    const attempts = pool.at(number);
    this.#bytes -= attempts.ownBytes;
    this.#strangersBytes -= attempts.strangerBytes;
    pool.remove(number);
  }
}
