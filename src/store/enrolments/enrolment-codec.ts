/**
 * Enrolment codes, their machines and their logs to and from JSON values.
 * Invariant: as in `entity-codec.ts`: decoding what was encoded gives an equal value, and FieldError is thrown for all else.
 */
import {
  EVENT_KINDS,
  type Enrolment,
  type EnrolmentEvent,
  type Machine,
} from '../../account/enrolment/enrolment.ts';
import { type Name, formatName, parseName } from '../../zone/name.ts';
import { FieldError, Fields, type Json, MAX_TTL, checkInteger, formatTime } from '../json-fields.ts';

const MAX_COUNT = Number.MAX_SAFE_INTEGER;

/** The JSON value of a code. */
export function encodeEnrolment(enrolment: Enrolment): Json {
  const count = (field: 'uses' | 'used' | 'nextNumber' | 'events'): number =>
    checkInteger(enrolment[field], MAX_COUNT, `enrolment.${field}`);
  return {
    id: enrolment.id,
    account: enrolment.account,
    zone: formatName(enrolment.zone),
    pattern: enrolment.pattern,
    host: nameOrNull(enrolment.host),
    ttl: checkInteger(enrolment.ttl, MAX_TTL, 'enrolment.ttl'),
    uses: count('uses'),
    used: count('used'),
    nextNumber: count('nextNumber'),
    events: count('events'),
    digest: enrolment.digest,
    createdBy: enrolment.createdBy,
    createdAt: formatTime(enrolment.createdAt),
    expiresAt: formatTime(enrolment.expiresAt),
    revokedAt: timeOrNull(enrolment.revokedAt),
    lastUsedAt: timeOrNull(enrolment.lastUsedAt),
  };
}

/** The code of a JSON value. */
export function decodeEnrolment(value: unknown): Enrolment {
  const fields = new Fields(value, 'enrolment');
  const enrolment: Enrolment = {
    id: fields.text('id'),
    account: fields.text('account'),
    zone: fields.name('zone'),
    pattern: fields.textOrNull('pattern'),
    host: decodeNameOrNull(fields, 'host'),
    ttl: fields.integer('ttl', MAX_TTL),
    uses: fields.integer('uses', MAX_COUNT),
    used: fields.integer('used', MAX_COUNT),
    nextNumber: fields.integer('nextNumber', MAX_COUNT),
    events: fields.integer('events', MAX_COUNT),
    digest: fields.text('digest'),
    createdBy: fields.text('createdBy'),
    createdAt: fields.time('createdAt'),
    expiresAt: fields.time('expiresAt'),
    revokedAt: fields.timeOrNull('revokedAt'),
    lastUsedAt: fields.timeOrNull('lastUsedAt'),
  };
  fields.end();
  return enrolment;
}

/** The JSON value of a machine. */
export function encodeMachine({ enrolment, host, name, serial, ...machine }: Machine): Json {
  return {
    enrolment,
    host: formatName(host),
    name,
    serial,
    tokens: machine.tokens,
    enrolledAt: formatTime(machine.enrolledAt),
    renewals: machine.renewals.map(formatTime),
  };
}

/** The machine of a JSON value. */
export function decodeMachine(value: unknown): Machine {
  const fields = new Fields(value, 'machine');
  const machine: Machine = {
    enrolment: fields.text('enrolment'),
    host: fields.name('host'),
    name: fields.text('name'),
    serial: fields.textOrNull('serial'),
    tokens: fields.texts('tokens'),
    enrolledAt: fields.time('enrolledAt'),
    renewals: fields.texts('renewals').map(decodeTime),
  };
  fields.end();
  return machine;
}

/** The JSON value of a line of a code's log. */
export function encodeEvent({ enrolment, number, kind, at, host, ...event }: EnrolmentEvent): Json {
  return {
    enrolment,
    number: checkInteger(number, MAX_COUNT, 'event.number'),
    kind,
    at: formatTime(at),
    source: event.source,
    name: event.name,
    serial: event.serial,
    host: nameOrNull(host),
    token: event.token,
    reason: event.reason,
  };
}

/** The line of a JSON value. */
export function decodeEvent(value: unknown): EnrolmentEvent {
  const fields = new Fields(value, 'event');
  const word = fields.text('kind');
  const kind = EVENT_KINDS.find((known) => known === word);
  if (kind === undefined) throw new FieldError(`event.kind must be one of ${EVENT_KINDS.join(', ')}`);
  const event: EnrolmentEvent = {
    enrolment: fields.text('enrolment'),
    number: fields.integer('number', MAX_COUNT),
    kind,
    at: fields.time('at'),
    source: fields.text('source'),
    name: fields.text('name'),
    serial: fields.textOrNull('serial'),
    host: decodeNameOrNull(fields, 'host'),
    token: fields.textOrNull('token'),
    reason: fields.textOrNull('reason'),
  };
  fields.end();
  return event;
}

function nameOrNull(name: Name | null): string | null {
  return name === null ? null : formatName(name);
}

function timeOrNull(ms: number | null): string | null {
  return ms === null ? null : formatTime(ms);
}

function decodeNameOrNull(fields: Fields, key: string): Name | null {
  const text = fields.textOrNull(key);
  const name = text === null ? null : parseName(text);
  if (name === undefined) throw new FieldError(`${key} must be a domain name or null`);
  return name;
}

function decodeTime(text: string): number {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new FieldError('machine.renewals must be ISO 8601 times');
  return ms;
}
