/**
 * Hosts of one zone that were put together, as one JSON value of a journal: what most of them share is written once, because
 * nothing is written as often as a host's address.
 * `{"kind":"hosts-put","zone":…,"changedAt":…,"hosts":[[LABEL,IPV4,IPV6,ACCOUNT,TTL],[LABEL,IPV4,IPV6],…]}`: LABEL is what
 * stands before the zone's name, and where ACCOUNT and TTL are missing they are those of the host before.
 * Invariant: each stands for a whole host, as if it had been put alone: one that is not a wildcard and has nothing that is rare.
 */
import type { Host } from '../account/host.ts';
import { type Name, parseName } from '../zone/name.ts';
import {
  FieldError,
  type Fields,
  MAX_TTL,
  type Repeats,
  checkInteger,
  parseAddressField,
} from './json-fields.ts';

/** The kind of such a value, among the kinds of changes. */
export const HOST_LIST_KIND = 'hosts-put';
/** The most hosts that are written into one value, because it may be read as a whole. */
export const MOST_LISTED = 500;

/** A label as it may stand in a row. */
const LABEL = /^[a-z0-9_*-]{1,63}$/;
const SHORT_ROW = 3;
const WHOLE_ROW = 5;

/** What a host has of the one before it. */
type Shared = Pick<Host, 'account' | 'ttl'>;

/** The text before a host's zone; undefined where it may not stand in a row. */
export function listedLabel(name: Name, zone: Name): string | undefined {
  const length = name.charCodeAt(0);
  if (name.length !== zone.length + length + 1 || !name.endsWith(zone)) return undefined;
  const label = name.slice(1, length + 1);
  return LABEL.test(label) ? label : undefined;
}

/** The hosts of a list whose kind was read. Throws FieldError. */
export function decodeHostList(fields: Fields, repeats: Repeats): readonly Host[] {
  const zone = fields.name('zone', repeats);
  const changedAt = fields.timeOrNull('changedAt');
  const rows = fields.raw('hosts');
  if (!Array.isArray(rows) || rows.length === 0)
    throw new FieldError('hosts-put.hosts must be a list of hosts');
  let shared: Shared | undefined;
  return rows.map((row: unknown) => {
    if (!Array.isArray(row)) throw new FieldError('hosts-put.hosts must be a list of lists');
    const [label, ipv4, ipv6, ...own] = row as unknown[];
    shared = sharedOf(own, row.length, repeats) ?? shared;
    if (shared === undefined)
      throw new FieldError('the first of hosts-put.hosts must have an account and a TTL');
    const addresses = {
      ipv4: parseAddressField(ipv4, 'hosts-put.ipv4'),
      ipv6: parseAddressField(ipv6, 'hosts-put.ipv6'),
    };
    return {
      name: nameOf(label, zone),
      zone,
      ...shared,
      ...addresses,
      wildcard: false,
      changedAt,
      blocked: false,
    };
  });
}

function sharedOf([account, ttl]: readonly unknown[], length: number, repeats: Repeats): Shared | undefined {
  if (length === SHORT_ROW) return undefined;
  if (length !== WHOLE_ROW || typeof account !== 'string')
    throw new FieldError('a host of hosts-put has a label, two addresses, and perhaps an account and a TTL');
  return { account: repeats.text(account), ttl: checkInteger(ttl, MAX_TTL, 'hosts-put.ttl') };
}

function nameOf(label: unknown, zone: Name): Name {
  const name = typeof label === 'string' && LABEL.test(label) ? parseName(label, zone) : undefined;
  if (name === undefined)
    throw new FieldError('a host of hosts-put must have a label that stands before its zone');
  return name;
}
