/**
 * The last attempts to update one host, in two runs of entries: of those who proved that the host is theirs, and of
 * all others.
 *
 * Invariants: at most 20 entries, at most half of them of strangers, so that a stranger never pushes out the owner's
 * last ten; equal attempts are one entry with a count, so that months of the same do not push out what differs.
 */
import type { IpAddress } from '../../net/ip-address.ts';
import type { OutcomeKind } from '../../update/outcome.ts';

/** What came of an attempt; the last five are told apart for the owner alone, never in a reply. */
export type AttemptOutcome =
  OutcomeKind | 'wrong-path' | 'wrong-method' | 'unread-body' | 'no-credentials' | 'wrong-user';

/** One attempt as it is noted. */
export interface Sighting {
  readonly outcome: AttemptOutcome;
  /** Whether its sender proved to be one who may at least see the host. */
  readonly proved: boolean;
  readonly source: IpAddress;
  /** Empty where the client named none. */
  readonly agent: string;
  /** The dialect's name; empty where the request was none's. */
  readonly dialect: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Equal attempts: how many, and when the first and the last of them came. */
export interface AttemptRun extends Readonly<Omit<Sighting, 'at'>> {
  readonly firstAt: number;
  readonly lastAt: number;
  readonly count: number;
}

/** How many entries a host has at most, and how many of them strangers can make. */
export const ATTEMPTS_PER_HOST = { all: 20, strangers: 10 } as const;

/** An entry is looked for among the last so many: devices send IPv4 and IPv6 in turns, each from its own address. */
const WINDOW = 4;
const LONGEST_AGENT = 100;
/** An entry without its texts, and its place in the list. */
const ENTRY_BYTES = 160;

interface Entry extends Omit<AttemptRun, 'lastAt' | 'count'> {
  lastAt: number;
  count: number;
}

/** The attempts at one host. */
export class HostAttempts {
  /** About how much memory the entries of each kind take. */
  ownBytes = 0;
  strangerBytes = 0;
  // Made with their first entry: an empty list that grows has room for seventeen at once, and most hosts need one.
  #own: Entry[] | undefined;
  #strangers: Entry[] | undefined;
  /** The entry that counted last, which nearly always counts next; that it is still in its list is seen to. */
  #latest: Entry | undefined;

  /** Counts a sighting where an equal one is among the last; allocates nothing. False where it would be a new entry. */
  join(sighting: Sighting): boolean {
    const entry =
      this.#latest !== undefined && isEqual(this.#latest, sighting) ? this.#latest : this.#find(sighting);
    if (entry === undefined) return false;
    entry.count++;
    entry.lastAt = sighting.at;
    this.#latest = entry;
    return true;
  }

  /** Makes an entry of a sighting; the oldest leaves where there are too many. */
  add({ outcome, proved, source, agent, dialect, at }: Sighting): void {
    const own = this.#own ?? [];
    const strangers = this.#strangers ?? [];
    if (!proved && strangers.length >= ATTEMPTS_PER_HOST.strangers) this.#dropOldest(strangers);
    else if (own.length + strangers.length >= ATTEMPTS_PER_HOST.all)
      this.#dropOldest(own.length > ATTEMPTS_PER_HOST.all - ATTEMPTS_PER_HOST.strangers ? own : strangers);
    const list = proved ? own : strangers;
    const entry: Entry = {
      outcome,
      proved,
      source,
      agent: list.find((other) => other.agent === agent)?.agent ?? copyOf(agent),
      dialect,
      firstAt: at,
      lastAt: at,
      count: 1,
    };
    this.#latest = entry;
    if (list.length > 0) list.push(entry);
    else if (proved) this.#own = [entry];
    else this.#strangers = [entry];
    if (proved) this.ownBytes += bytesOf(entry);
    else this.strangerBytes += bytesOf(entry);
  }

  /** All entries, the latest first. */
  list(): readonly AttemptRun[] {
    return [...(this.#own ?? []), ...(this.#strangers ?? [])].reverse().sort((a, b) => b.lastAt - a.lastAt);
  }

  #find(sighting: Sighting): Entry | undefined {
    const list = sighting.proved ? this.#own : this.#strangers;
    if (list === undefined) return undefined;
    const end = Math.max(0, list.length - WINDOW);
    for (let i = list.length - 1; i >= end; i--) if (isEqual(list[i]!, sighting)) return list[i];
    return undefined;
  }

  #dropOldest(list: Entry[]): void {
    const entry = list.shift()!;
    if (entry === this.#latest) this.#latest = undefined;
    if (entry.proved) this.ownBytes -= bytesOf(entry);
    else this.strangerBytes -= bytesOf(entry);
  }
}

/** A user agent as it is kept: cut, so that comparing it costs little, whoever sent it. */
export function keptAgent(agent: string | undefined): string {
  if (agent === undefined) return '';
  return agent.length <= LONGEST_AGENT ? agent : agent.slice(0, LONGEST_AGENT);
}

function isEqual(entry: Entry, { outcome, proved, source, agent, dialect }: Sighting): boolean {
  return (
    entry.outcome === outcome &&
    entry.proved === proved &&
    entry.source === source &&
    entry.agent === agent &&
    entry.dialect === dialect
  );
}

/** A part of a string keeps the whole alive; this is one of its own. */
function copyOf(text: string): string {
  return text.length < LONGEST_AGENT ? text : Buffer.from(text, 'latin1').toString('latin1');
}

function bytesOf({ source, agent }: Entry): number {
  return ENTRY_BYTES + source.length + agent.length;
}
