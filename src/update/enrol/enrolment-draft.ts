/**
 * The state of codes and machines while several enrolments are planned for one commit: each sees what those before it
 * will have done. Invariant: nothing here is visible to anybody else; `changes` is all of it, each thing put once.
 */
import {
  type Enrolment,
  type EnrolmentEvent,
  type Machine,
  identityOf,
} from '../../account/enrolment/enrolment.ts';
import type { Host } from '../../account/host.ts';
import type { Token } from '../../account/token.ts';
import type { Change } from '../../store/change.ts';
import type { StoreView } from '../../store/store.ts';
import type { Name } from '../../zone/name.ts';

/** What is to be written about one machine. */
export interface DraftedEvent extends Omit<EnrolmentEvent, 'number'> {
  readonly host: Name | null;
}

/** A draft over the state as it is served. */
export class EnrolmentDraft {
  readonly view: StoreView;
  readonly #codes = new Map<string, Enrolment>();
  readonly #machines = new Map<string, Machine>();
  readonly #hostOf = new Map<string, Name>();
  readonly #hosts = new Map<Name, Host>();
  /** By id; null where it is to be removed. */
  readonly #tokens = new Map<string, Token | null>();
  readonly #events: EnrolmentEvent[] = [];

  constructor(view: StoreView) {
    this.view = view;
  }

  code(id: string): Enrolment | undefined {
    return this.#codes.get(id) ?? this.view.enrolments.get(id);
  }

  machine(id: string, host: Name): Machine | undefined {
    return this.#machines.get(`${id} ${host}`) ?? this.view.enrolments.machine(id, host);
  }

  machineKnownAs(id: string, identity: string): Machine | undefined {
    const host = this.#hostOf.get(`${id} ${identity}`);
    return host === undefined
      ? this.view.enrolments.machineKnownAs(id, identity)
      : this.#machines.get(`${id} ${host}`);
  }

  /** The account of the host of this name; undefined where there is none. */
  owner(host: Name): string | undefined {
    return (this.#hosts.get(host) ?? this.view.host(host))?.account;
  }

  putCode(code: Enrolment): void {
    this.#codes.set(code.id, code);
  }

  putMachine(machine: Machine): void {
    this.#machines.set(`${machine.enrolment} ${machine.host}`, machine);
    this.#hostOf.set(`${machine.enrolment} ${identityOf(machine)}`, machine.host);
  }

  putHost(host: Host): void {
    this.#hosts.set(host.name, host);
  }

  putToken(token: Token): void {
    this.#tokens.set(token.id, token);
  }

  removeToken(id: string): void {
    if (this.view.token(id) === undefined) this.#tokens.delete(id);
    else this.#tokens.set(id, null);
  }

  /** Adds a line to the log of a code that is there. */
  addEvent(event: DraftedEvent): void {
    const code = this.code(event.enrolment)!;
    this.putCode({ ...code, events: code.events + 1 });
    this.#events.push({ ...event, number: code.events + 1 });
  }

  /** Everything, to be made durable together. */
  changes(): readonly Change[] {
    const changes: Change[] = [];
    for (const host of this.#hosts.values()) changes.push({ kind: 'host-put', host });
    for (const [id, token] of this.#tokens)
      changes.push(token === null ? { kind: 'token-remove', id } : { kind: 'token-put', token });
    for (const machine of this.#machines.values()) changes.push({ kind: 'machine-put', machine });
    for (const event of this.#events) changes.push({ kind: 'event-put', event });
    for (const enrolment of this.#codes.values()) changes.push({ kind: 'enrolment-put', enrolment });
    return changes;
  }
}
