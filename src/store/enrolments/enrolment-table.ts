/**
 * The enrolment codes of a store with their machines and logs, each found in one look-up.
 *
 * Invariants: putting something a second time changes nothing, so a journal may be replayed over a state that holds part
 * of it; of each code's lines that are not `enrolled` the ones with the highest numbers are kept, whatever the order in
 * which they come.
 */
import {
  type Enrolment,
  type EnrolmentDirectory,
  type EnrolmentEvent,
  MAX_OTHER_EVENTS,
  type Machine,
  identityOf,
} from '../../account/enrolment/enrolment.ts';
import type { Name } from '../../zone/name.ts';
import type { Change } from '../change.ts';

/** A change that puts something that this table holds. */
type EnrolmentPut = Extract<Change, { kind: 'enrolment-put' | 'machine-put' | 'event-put' }>;

/** What belongs to one code. */
interface Belongings {
  readonly machines: Map<Name, Machine>;
  readonly hostOf: Map<string, Name>;
  /** Lines of machines that enrolled, and the others, each by number and in the order of their numbers. */
  readonly enrolled: EnrolmentEvent[];
  readonly others: EnrolmentEvent[];
}

/** Codes that come and go. */
export class EnrolmentTable implements EnrolmentDirectory {
  readonly #codes = new Map<string, Enrolment>();
  readonly #byDigest = new Map<string, string>();
  readonly #belongings = new Map<string, Belongings>();

  get(id: string): Enrolment | undefined {
    return this.#codes.get(id);
  }

  byDigest(digest: string): Enrolment | undefined {
    const id = this.#byDigest.get(digest);
    return id === undefined ? undefined : this.#codes.get(id);
  }

  all(): IterableIterator<Enrolment> {
    return this.#codes.values();
  }

  machine(enrolment: string, host: Name): Machine | undefined {
    return this.#belongings.get(enrolment)?.machines.get(host);
  }

  machineKnownAs(enrolment: string, identity: string): Machine | undefined {
    const belongings = this.#belongings.get(enrolment);
    const host = belongings?.hostOf.get(identity);
    return host === undefined ? undefined : belongings?.machines.get(host);
  }

  machines(enrolment: string): Iterable<Machine> {
    return this.#belongings.get(enrolment)?.machines.values() ?? [];
  }

  *machinesAt(host: Name): Generator<Machine> {
    for (const { machines } of this.#belongings.values()) {
      const machine = machines.get(host);
      if (machine !== undefined) yield machine;
    }
  }

  events(enrolment: string): readonly EnrolmentEvent[] {
    const belongings = this.#belongings.get(enrolment);
    if (belongings === undefined) return [];
    return [...belongings.enrolled, ...belongings.others].sort((a, b) => a.number - b.number);
  }

  /** Everything of one section of a snapshot, as the changes that put it. */
  *putsOf(section: 'enrolments' | 'machines' | 'events'): Generator<EnrolmentPut> {
    if (section === 'enrolments') {
      for (const enrolment of this.#codes.values()) yield { kind: 'enrolment-put', enrolment };
      return;
    }
    for (const { machines, enrolled, others } of this.#belongings.values()) {
      if (section === 'machines')
        for (const machine of machines.values()) yield { kind: 'machine-put', machine };
      else for (const event of [...enrolled, ...others]) yield { kind: 'event-put', event };
    }
  }

  /** Puts a code in the place of the one with its id, if there is one. */
  put(enrolment: Enrolment): void {
    const before = this.#codes.get(enrolment.id);
    if (before !== undefined) this.#byDigest.delete(before.digest);
    this.#codes.set(enrolment.id, enrolment);
    this.#byDigest.set(enrolment.digest, enrolment.id);
  }

  /** Takes a code and its log away, if it is there; its machines stay. */
  remove(id: string): void {
    const before = this.#codes.get(id);
    if (before !== undefined) this.#byDigest.delete(before.digest);
    this.#codes.delete(id);
    const belongings = this.#belongings.get(id);
    if (belongings === undefined) return;
    belongings.enrolled.length = 0;
    belongings.others.length = 0;
    this.#tidy(id, belongings);
  }

  /** Puts a machine in the place of the one that its code knew at its host, if there is one. */
  putMachine(machine: Machine): void {
    this.removeMachine(machine.enrolment, machine.host);
    const { machines, hostOf } = this.#of(machine.enrolment);
    machines.set(machine.host, machine);
    hostOf.set(identityOf(machine), machine.host);
  }

  /** Takes a machine away, if it is there. */
  removeMachine(enrolment: string, host: Name): void {
    const belongings = this.#belongings.get(enrolment);
    const machine = belongings?.machines.get(host);
    if (belongings === undefined || machine === undefined) return;
    belongings.machines.delete(host);
    const identity = identityOf(machine);
    if (belongings.hostOf.get(identity) === host) belongings.hostOf.delete(identity);
    this.#tidy(enrolment, belongings);
  }

  /** Adds a line to a log. */
  putEvent(event: EnrolmentEvent): void {
    const { enrolled, others } = this.#of(event.enrolment);
    if (event.kind === 'enrolled') {
      insert(enrolled, event);
      return;
    }
    insert(others, event);
    if (others.length > MAX_OTHER_EVENTS) others.shift();
  }

  /** Forgets that a code had anything once it and its machines are gone. */
  #tidy(id: string, { machines, enrolled, others }: Belongings): void {
    const isEmpty = machines.size === 0 && enrolled.length === 0 && others.length === 0;
    if (isEmpty && !this.#codes.has(id)) this.#belongings.delete(id);
  }

  #of(id: string): Belongings {
    let belongings = this.#belongings.get(id);
    if (belongings === undefined) {
      belongings = { machines: new Map(), hostOf: new Map(), enrolled: [], others: [] };
      this.#belongings.set(id, belongings);
    }
    return belongings;
  }
}

/** Puts an event in its place; nearly always that is the end. */
function insert(events: EnrolmentEvent[], event: EnrolmentEvent): void {
  let at = events.length;
  while (at > 0 && events[at - 1]!.number >= event.number) at--;
  const replaced = events[at]?.number === event.number ? 1 : 0;
  events.splice(at, replaced, event);
}
