/**
 * Each stored thing to and from its JSON value: zone settings, retired zones, RRsets, accounts, tokens, hosts.
 * Invariant: decoding what was encoded gives an equal value, octet by octet. The decoders throw FieldError for
 * everything that is not exactly of this form, the encoders for numbers and times out of their field's range.
 */
import type { Account } from '../account/account.ts';
import type { Derivation, Host } from '../account/host.ts';
import type { Token } from '../account/token.ts';
import { ACCEPT_POLICIES } from '../net/address-class.ts';
import { MAX_SUBNET, formatInterfaceId, parseInterfaceId } from '../net/interface-id.ts';
import { type IpPrefix, formatIpPrefix, parseIpPrefix } from '../net/ip-prefix.ts';
import { type Name, ROOT, formatName, parseName } from '../zone/name.ts';
import { formatRdata, parseRdata } from '../zone/rdata/rdata.ts';
import type { RRset } from '../zone/rrset.ts';
import { formatRRType, isStorableType, parseRRType } from '../zone/rrtype.ts';
import type { SoaFields } from '../zone/soa.ts';
import type { ZoneSettings } from '../zone/zone-view.ts';
import type { RetiredZone } from './change.ts';
import {
  FieldError,
  Fields,
  type Json,
  MAX_TTL,
  MAX_UINT32,
  type Repeats,
  checkInteger,
  formatAddressField,
  formatTime,
} from './json-fields.ts';

/** An RRset and where it stands. */
export interface PlacedRRset {
  readonly apex: Name;
  readonly owner: Name;
  readonly rrset: RRset;
}

const GENERIC_RDATA = /^\\# (\d+)(?: ((?:[0-9a-f]{2})+))?$/;

/** The JSON value of a zone's settings. */
export function encodeZone({ apex, serial, accept, soa }: ZoneSettings): Json {
  const ranged = (field: 'refresh' | 'retry' | 'expire' | 'minimum'): number =>
    checkInteger(soa[field], MAX_UINT32, `soa.${field}`);
  return {
    apex: formatName(apex),
    serial: checkInteger(serial, MAX_UINT32, 'zone.serial'),
    accept,
    soa: {
      mname: formatName(soa.mname),
      rname: formatName(soa.rname),
      refresh: ranged('refresh'),
      retry: ranged('retry'),
      expire: ranged('expire'),
      minimum: ranged('minimum'),
      ttl: checkInteger(soa.ttl, MAX_TTL, 'soa.ttl'),
    },
  };
}

/** The zone settings of a JSON value. */
export function decodeZone(value: unknown): ZoneSettings {
  const fields = new Fields(value, 'zone');
  const apex = fields.name('apex');
  const serial = fields.integer('serial', MAX_UINT32);
  const policy = fields.text('accept');
  const accept = ACCEPT_POLICIES.find((known) => known === policy);
  const soa = decodeSoa(fields.raw('soa'));
  fields.end();
  if (accept === undefined) throw new FieldError(`zone.accept must be one of ${ACCEPT_POLICIES.join(', ')}`);
  return { apex, serial, accept, soa };
}

/** The JSON value of a retired zone. */
export function encodeRetired({ apex, serial }: RetiredZone): Json {
  return { apex: formatName(apex), serial: checkInteger(serial, MAX_UINT32, 'retired.serial') };
}

/** The retired zone of a JSON value. */
export function decodeRetired(value: unknown): RetiredZone {
  const fields = new Fields(value, 'retired');
  const retired = { apex: fields.name('apex'), serial: fields.integer('serial', MAX_UINT32) };
  fields.end();
  return retired;
}

function decodeSoa(value: unknown): SoaFields {
  const fields = new Fields(value, 'soa');
  const soa: SoaFields = {
    mname: fields.name('mname'),
    rname: fields.name('rname'),
    refresh: fields.integer('refresh', MAX_UINT32),
    retry: fields.integer('retry', MAX_UINT32),
    expire: fields.integer('expire', MAX_UINT32),
    minimum: fields.integer('minimum', MAX_UINT32),
    ttl: fields.integer('ttl', MAX_TTL),
  };
  fields.end();
  return soa;
}

/** The JSON value of an RRset. */
export function encodeRRset({ apex, owner, rrset: { type, ttl, rdata } }: PlacedRRset): Json {
  return {
    zone: formatName(apex),
    owner: formatName(owner),
    type: encodeType(type),
    ttl: checkInteger(ttl, MAX_TTL, 'rrset.ttl'),
    rdata: rdata.map((bytes) => encodeRdata(type, bytes)),
  };
}

/** Presentation format where it reads back to the same octets, else the generic form of RFC 3597 §5. */
function encodeRdata(type: number, bytes: Uint8Array): string {
  const text = formatRdata(type, bytes);
  const back = parseRdata(type, text, ROOT);
  if (back.ok && Buffer.compare(back.value, bytes) === 0) return text;
  return `\\# ${bytes.length} ${Buffer.from(bytes).toString('hex')}`.trimEnd();
}

function decodeRdata(type: number, text: string): Uint8Array {
  // Read here and not by the type's own codec: it stands for octets that the type's codec may not know how to write.
  const generic = GENERIC_RDATA.exec(text);
  if (generic !== null) {
    const bytes = Buffer.from(generic[2] ?? '', 'hex');
    if (bytes.length === Number(generic[1])) return bytes;
    throw new FieldError(`rrset.rdata says ${generic[1]} octets and holds ${bytes.length}`);
  }
  const result = parseRdata(type, text, ROOT);
  if (!result.ok) throw new FieldError(`rrset.rdata: ${result.reason}`);
  return result.value;
}

/** The mnemonic of a storable RR type. */
export function encodeType(type: number): string {
  if (!isStorableType(type)) throw new FieldError(`type ${type} cannot be stored`);
  return formatRRType(type);
}

/** The storable RR type of an object's field `type`. */
export function decodeType(fields: Fields): number {
  const type = parseRRType(fields.text('type'));
  if (type === undefined || !isStorableType(type)) throw new FieldError('type must be a storable RR type');
  return type;
}

/** The JSON value of an account. */
export function encodeAccount({ name, passwordHash, admin, createdAt }: Account): Json {
  return { name, passwordHash, admin, createdAt: formatTime(createdAt) };
}

/** The account of a JSON value. */
export function decodeAccount(value: unknown): Account {
  const fields = new Fields(value, 'account');
  const account: Account = {
    name: fields.text('name'),
    passwordHash: fields.textOrNull('passwordHash'),
    admin: fields.flag('admin'),
    createdAt: fields.time('createdAt'),
  };
  fields.end();
  return account;
}

/** The JSON value of a token. */
export function encodeToken({ id, account, hosts, label, digest, createdAt, gnudip }: Token): Json {
  return {
    id,
    account,
    hosts: hosts === null ? null : hosts.map(formatName),
    label,
    digest,
    createdAt: formatTime(createdAt),
    // Absent in most, and in everything that was written before there was such a field.
    ...(gnudip === undefined ? {} : { gnudip }),
  };
}

function decodeNames(value: unknown): readonly Name[] {
  if (!Array.isArray(value)) throw new FieldError('token.hosts must be a list of names or null');
  return value.map((text: unknown) => {
    const name = typeof text === 'string' ? parseName(text) : undefined;
    if (name === undefined) throw new FieldError('token.hosts must be a list of names or null');
    return name;
  });
}

/** The JSON value of a host. */
export function encodeHost(host: Host): Json {
  return {
    name: formatName(host.name),
    zone: formatName(host.zone),
    account: host.account,
    ttl: checkInteger(host.ttl, MAX_TTL, 'host.ttl'),
    ipv4: formatAddressField(host.ipv4),
    ipv6: formatAddressField(host.ipv6),
    wildcard: host.wildcard,
    changedAt: host.changedAt === null ? null : formatTime(host.changedAt),
    // Absent where false, as in everything that was written before hosts could be blocked.
    ...(host.blocked ? { blocked: true } : {}),
    // Absent where there is none, as in everything that was written before hosts had them.
    ...(host.prefix === undefined ? {} : { prefix: formatIpPrefix(host.prefix) }),
    ...(host.derived === undefined ? {} : { derived: encodeDerivation(host.derived) }),
  };
}

function encodeDerivation({ router, subnet, interfaceId }: Derivation): Json {
  return {
    router: formatName(router),
    subnet: checkInteger(subnet, MAX_SUBNET, 'derived.subnet'),
    interfaceId: formatInterfaceId(interfaceId),
  };
}

/** The RRset of a JSON value. */
export function decodeRRset(value: unknown, repeats: Repeats): PlacedRRset {
  const fields = new Fields(value, 'rrset');
  const apex = fields.name('zone', repeats);
  const owner = fields.owner('owner', repeats);
  const type = decodeType(fields);
  const ttl = fields.integer('ttl', MAX_TTL);
  const rdata = fields.texts('rdata').map((text) => decodeRdata(type, text));
  fields.end();
  if (rdata.length === 0) throw new FieldError('rrset.rdata must not be empty');
  return { apex, owner, rrset: { type, ttl, rdata } };
}

/** The token of a JSON value. */
export function decodeToken(value: unknown, repeats: Repeats): Token {
  const fields = new Fields(value, 'token');
  const hosts = fields.raw('hosts');
  const gnudip = fields.raw('gnudip');
  if (gnudip !== undefined && typeof gnudip !== 'string') throw new FieldError('token.gnudip must be text');
  const token: Token = {
    id: fields.text('id'),
    account: repeats.text(fields.text('account')),
    hosts: hosts === null ? null : decodeNames(hosts),
    label: fields.text('label'),
    digest: fields.text('digest'),
    createdAt: fields.time('createdAt'),
    ...(gnudip === undefined ? {} : { gnudip }),
  };
  fields.end();
  return token;
}

/** The host of a JSON value. */
export function decodeHost(value: unknown, repeats: Repeats): Host {
  const fields = new Fields(value, 'host');
  const host: Host = {
    name: fields.owner('name', repeats),
    zone: fields.name('zone', repeats),
    account: repeats.text(fields.text('account')),
    ttl: fields.integer('ttl', MAX_TTL),
    ipv4: fields.addressOrNull('ipv4'),
    ipv6: fields.addressOrNull('ipv6'),
    wildcard: fields.flag('wildcard'),
    changedAt: fields.timeOrNull('changedAt'),
    blocked: fields.flagOrFalse('blocked'),
  };
  const prefix = fields.raw('prefix');
  const derived = fields.raw('derived');
  fields.end();
  return {
    ...host,
    ...(prefix === undefined ? {} : { prefix: decodePrefix(prefix) }),
    ...(derived === undefined ? {} : { derived: decodeDerivation(derived, repeats) }),
  };
}

function decodePrefix(value: unknown): IpPrefix {
  const prefix = typeof value === 'string' ? parseIpPrefix(value) : undefined;
  if (prefix?.base.length !== 16) throw new FieldError('host.prefix must be an IPv6 prefix');
  return prefix;
}

function decodeDerivation(value: unknown, repeats: Repeats): Derivation {
  const fields = new Fields(value, 'derived');
  const router = fields.name('router', repeats);
  const subnet = fields.integer('subnet', MAX_SUBNET);
  const interfaceId = parseInterfaceId(fields.text('interfaceId'));
  fields.end();
  if (interfaceId === undefined) throw new FieldError('derived.interfaceId must be an interface id');
  return { router, subnet, interfaceId };
}
