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
/** To how many hosts in use a second chance is given for each that goes, so that none of it takes long. */
const SECOND_CHANCES = 8;

/** The record of attempts. */
export class AttemptRecord {
  readonly #directory: HostDirectory;
  readonly #limits: AttemptLimits;
  /** By host name in lower case without a trailing dot, as nearly every device writes it. */
  readonly #own = new Map<string, HostAttempts>();
  readonly #strangers = new Map<string, HostAttempts>();
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
    const known = this.#own.get(text);
    if (known?.join(sighting) === true) {
      known.used ||= sighting.proved;
      return;
    }
    const key = known === undefined ? this.#keyOf(text) : text;
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
    return (this.#own.get(key) ?? this.#strangers.get(key))?.list() ?? [];
  }

  /** Forgets a host: whoever has the name next has no part in what was before. */
  forget(host: Name): void {
    if (this.#own.size + this.#strangers.size > 0) this.#remove(formatHostname(host));
  }

  #keyOf(text: string): string | undefined {
    const host = this.hostOf(text);
    return host === undefined ? undefined : formatHostname(host.name);
  }

  #noteAt(key: string, sighting: Sighting): void {
    const { proved } = sighting;
    const known = this.#own.get(key) ?? this.#strangers.get(key);
    if (known?.join(sighting) === true) {
      known.used ||= proved;
      return;
    }
    if (!proved && !this.#hasRoomForStranger()) return;
    const attempts = this.#place(key, proved);
    attempts.used ||= proved;
    this.#bytes -= attempts.ownBytes;
    this.#strangersBytes -= attempts.strangerBytes;
    attempts.add(sighting);
    this.#bytes += attempts.ownBytes;
    this.#strangersBytes += attempts.strangerBytes;
    while (this.#bytes > this.#limits.bytes && this.#own.size > 1) this.#forgetOne(this.#own);
  }

  /** The attempts at a host, which has a place among the owners' or the strangers' from here on. */
  #place(key: string, proved: boolean): HostAttempts {
    const own = this.#own.get(key);
    if (own !== undefined) return own;
    const attempts = this.#strangers.get(key) ?? new HostAttempts();
    const [pool, limit] = proved
      ? [this.#own, this.#limits.hosts]
      : [this.#strangers, this.#limits.strangersHosts];
    if (pool.has(key)) return attempts;
    this.#strangers.delete(key);
    while (pool.size >= limit) this.#forgetOne(pool);
    pool.set(key, attempts);
    return attempts;
  }

  /** Where strangers have had their share, the hosts that only they have named go, and then nothing of theirs is added. */
  #hasRoomForStranger(): boolean {
    while (this.#strangersBytes >= this.#limits.strangersBytes && this.#strangers.size > 1)
      this.#forgetOne(this.#strangers);
    return this.#strangersBytes < this.#limits.strangersBytes;
  }

  #forgetOne(pool: Map<string, HostAttempts>): void {
    let chances = SECOND_CHANCES;
    for (const [key, attempts] of pool) {
      if (attempts.used && chances-- > 0) {
        attempts.used = false;
        pool.delete(key);
        pool.set(key, attempts);
        continue;
      }
      this.#remove(key);
      return;
    }
  }

  #remove(key: string): void {
    const attempts = this.#own.get(key) ?? this.#strangers.get(key);
    if (attempts === undefined) return;
    this.#bytes -= attempts.ownBytes;
    this.#strangersBytes -= attempts.strangerBytes;
    this.#own.delete(key);
    this.#strangers.delete(key);
  }
}
