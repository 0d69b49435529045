/**
 * Changes and what they put, to and from the JSON values that the journal and the snapshot hold: names in presentation
 * format, addresses canonical, RDATA in presentation format (RFC 1035 §5), times ISO 8601.
 * Invariant: decoding what was encoded gives an equal change, octet by octet; whatever is not exactly of this form is
 * refused with the field's name.
 */
import { type Parsed, parsed, unparsable } from '../ops/parsed.ts';
import { formatName } from '../zone/name.ts';
import type { Change } from './change.ts';
import {
  decodeAccount,
  decodeHost,
  decodeRRset,
  decodeRetired,
  decodeToken,
  decodeType,
  decodeZone,
  encodeAccount,
  encodeHost,
  encodeRRset,
  encodeRetired,
  encodeToken,
  encodeType,
  encodeZone,
} from './entity-codec.ts';
import {
  decodeEnrolment,
  decodeEvent,
  decodeMachine,
  encodeEnrolment,
  encodeEvent,
  encodeMachine,
} from './enrolments/enrolment-codec.ts';
import { HOST_LIST_KIND, decodeHostList } from './host-list-codec.ts';
import { FieldError, Fields, type Json, Repeats } from './json-fields.ts';

/** What a snapshot holds, in the order in which it can be read back: hosts and RRsets need their zone. */
export const SECTIONS = [
  'zones',
  'retired',
  'rrsets',
  'accounts',
  'tokens',
  'hosts',
  'enrolments',
  'machines',
  'events',
] as const;

/** What is not written where there is none of it, so that whatever reads snapshots without it reads those too. */
export const OPTIONAL_SECTIONS: ReadonlySet<Section> = new Set(['enrolments', 'machines', 'events']);

/** One kind of thing that a snapshot holds. */
export type Section = (typeof SECTIONS)[number];

/** A change that puts something; a snapshot is a list of them. */
export type Put = Extract<Change, { kind: `${string}-put` }>;

const SECTION_OF: Record<Put['kind'], Section> = {
  'zone-put': 'zones',
  'retired-put': 'retired',
  'rrset-put': 'rrsets',
  'account-put': 'accounts',
  'token-put': 'tokens',
  'host-put': 'hosts',
  'enrolment-put': 'enrolments',
  'machine-put': 'machines',
  'event-put': 'events',
};

const ENTITY_KEY = {
  'zone-put': 'zone',
  'retired-put': 'retired',
  'rrset-put': 'rrset',
  'account-put': 'account',
  'token-put': 'token',
  'host-put': 'host',
  'enrolment-put': 'enrolment',
  'machine-put': 'machine',
  'event-put': 'event',
} as const satisfies Record<Put['kind'], string>;

/** The section that holds what this change puts. */
export function sectionOf(put: Put): Section {
  return SECTION_OF[put.kind];
}

/** The JSON value of a change. Throws FieldError where a number or time is out of the range of its field. */
export function encodeChange(change: Change): Json {
  switch (change.kind) {
    case 'zone-put':
    case 'retired-put':
    case 'rrset-put':
    case 'account-put':
    case 'token-put':
    case 'host-put':
    case 'enrolment-put':
    case 'machine-put':
    case 'event-put':
      return { kind: change.kind, [ENTITY_KEY[change.kind]]: encodeEntity(change) };
    case 'zone-remove':
      return { kind: change.kind, apex: formatName(change.apex) };
    case 'rrset-remove':
      return {
        kind: change.kind,
        zone: formatName(change.apex),
        owner: formatName(change.owner),
        type: encodeType(change.type),
      };
    case 'account-remove':
      return { kind: change.kind, name: change.name };
    case 'host-remove':
      return { kind: change.kind, zone: formatName(change.zone), name: formatName(change.name) };
    case 'token-remove':
    case 'enrolment-remove':
      return { kind: change.kind, id: change.id };
    case 'machine-remove':
      return { kind: change.kind, enrolment: change.enrolment, host: formatName(change.host) };
  }
}

/** The JSON value of the thing that a change puts. Throws FieldError as `encodeChange` does. */
export function encodeEntity(put: Put): Json {
  switch (put.kind) {
    case 'zone-put':
      return encodeZone(put.zone);
    case 'retired-put':
      return encodeRetired(put.retired);
    case 'rrset-put':
      return encodeRRset(put);
    case 'account-put':
      return encodeAccount(put.account);
    case 'token-put':
      return encodeToken(put.token);
    case 'host-put':
      return encodeHost(put.host);
    case 'enrolment-put':
      return encodeEnrolment(put.enrolment);
    case 'machine-put':
      return encodeMachine(put.machine);
    case 'event-put':
      return encodeEvent(put.event);
  }
}

/** Decodes the JSON values of one file or journal; what repeats in them is shared in memory. */
export class Decoder {
  readonly #repeats = new Repeats();

  /** The changes of a JSON value: one, unless it is a list of hosts (`host-list-codec.ts`). */
  changes(value: unknown): Parsed<readonly Change[]> {
    return attempt(() => this.#changes(value));
  }

  /** The change that puts the thing this JSON value of a snapshot's section stands for. */
  entity(section: Section, value: unknown): Parsed<Put> {
    return attempt(() => this.#entity(section, value));
  }

  #changes(value: unknown): readonly Change[] {
    const fields = new Fields(value, 'change');
    const kind = fields.text('kind');
    const changes =
      kind === HOST_LIST_KIND
        ? decodeHostList(fields, this.#repeats).map((host): Change => ({ kind: 'host-put', host }))
        : [this.#changeOf(kind, fields)];
    fields.end();
    return changes;
  }

  #changeOf(kind: string, fields: Fields): Change {
    switch (kind) {
      case 'zone-put':
      case 'retired-put':
      case 'rrset-put':
      case 'account-put':
      case 'token-put':
      case 'host-put':
      case 'enrolment-put':
      case 'machine-put':
      case 'event-put':
        return this.#entity(SECTION_OF[kind], fields.raw(ENTITY_KEY[kind]));
      case 'zone-remove':
        return { kind, apex: fields.name('apex') };
      case 'rrset-remove':
        return { kind, apex: fields.name('zone'), owner: fields.name('owner'), type: decodeType(fields) };
      case 'account-remove':
        return { kind, name: fields.text('name') };
      case 'host-remove':
        return { kind, zone: fields.name('zone'), name: fields.name('name') };
      case 'token-remove':
      case 'enrolment-remove':
        return { kind, id: fields.text('id') };
      case 'machine-remove':
        return { kind, enrolment: fields.text('enrolment'), host: fields.name('host') };
      default:
        throw new FieldError(`there is no change of kind ${JSON.stringify(kind)}`);
    }
  }

  #entity(section: Section, value: unknown): Put {
    switch (section) {
      case 'zones':
        return { kind: 'zone-put', zone: decodeZone(value) };
      case 'retired':
        return { kind: 'retired-put', retired: decodeRetired(value) };
      case 'rrsets':
        return { kind: 'rrset-put', ...decodeRRset(value, this.#repeats) };
      case 'accounts':
        return { kind: 'account-put', account: decodeAccount(value) };
      case 'tokens':
        return { kind: 'token-put', token: decodeToken(value, this.#repeats) };
      case 'hosts':
        return { kind: 'host-put', host: decodeHost(value, this.#repeats) };
      case 'enrolments':
        return { kind: 'enrolment-put', enrolment: decodeEnrolment(value) };
      case 'machines':
        return { kind: 'machine-put', machine: decodeMachine(value) };
      case 'events':
        return { kind: 'event-put', event: decodeEvent(value) };
    }
  }
}

function attempt<T>(decode: () => T): Parsed<T> {
  try {
    return parsed(decode());
  } catch (error) {
    if (error instanceof FieldError) return unparsable(error.message);
    throw error;
  }
}
