/**
 * The closed set of administrative commands, as plain JSON: what the command line sends to a running server through
 * the control socket, or carries out itself where none runs. Names and addresses are text here and are parsed by
 * the plans, so that each error can say what was wrong with what the operator typed.
 */
import { z } from 'zod';
import { ACCEPT_POLICIES, type AcceptPolicy } from '../../net/address-class.ts';
import { ENROLMENT_COMMANDS, type EnrolmentResults } from '../enrol/enrolment-command.ts';

const accept = z.enum(ACCEPT_POLICIES as [AcceptPolicy, ...AcceptPolicy[]]);

/** What a list of hosts says of one of them, as text; `line` is where, from 1, for complaints. */
export const hostRowSchema = z.strictObject({
  line: z.number().int(),
  fqdn: z.string(),
  account: z.string().optional(),
  ipv4: z.string().optional(),
  ipv6: z.string().optional(),
  ttl: z.string().optional(),
  /** The host on whose prefix it is, and what it has there; as in `derivationSchema`. */
  prefixOf: z.string().optional(),
  subnet: z.string().optional(),
  interfaceId: z.string().optional(),
  mac: z.string().optional(),
});

/** One line of a list of hosts. */
export type HostRow = z.infer<typeof hostRowSchema>;

/** All lines of a list of hosts; each is made anew when it is read, where a million at once would weigh too much. */
export interface HostRows extends Iterable<HostRow> {
  readonly length: number;
}

const hostRowsSchema: z.ZodType<HostRows> = z.array(hostRowSchema).readonly();

/** Where a host's IPv6 address comes from: what is left out stays as it is, or is what a new definition begins with. */
const derivationSchema = z.strictObject({
  /** The host whose prefix it is. */
  router: z.string().optional(),
  interfaceId: z.string().optional(),
  /** Instead of the interface id, which is made of it. */
  mac: z.string().optional(),
  subnet: z.number().int().optional(),
});

/** What is said of a host's derivation. */
export type DerivationWish = z.infer<typeof derivationSchema>;

/** The schema of each command; `kind` names it. */
export const adminCommandSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('zone-add'),
    apex: z.string(),
    /** Name server names; the first is the SOA's MNAME. Empty: `ns1.APEX`. */
    nameServers: z.array(z.string()).readonly(),
    /** Static addresses made with the zone, for its name servers usually. */
    addresses: z.array(z.strictObject({ name: z.string(), address: z.string() })).readonly(),
    accept,
  }),
  z.strictObject({ kind: z.literal('zone-list') }),
  z.strictObject({ kind: z.literal('zone-show'), apex: z.string() }),
  z.strictObject({ kind: z.literal('zone-remove'), apex: z.string() }),
  z.strictObject({
    kind: z.literal('record-set'),
    owner: z.string(),
    type: z.string(),
    values: z.array(z.string()).min(1).readonly(),
    ttl: z.number().int().optional(),
  }),
  z.strictObject({
    kind: z.literal('record-remove'),
    owner: z.string(),
    type: z.string(),
    /** The records to remove; empty: all of the owner and type. */
    values: z.array(z.string()).readonly(),
  }),
  /** `text` is a zone file; all of the zone's static records are replaced. */
  z.strictObject({ kind: z.literal('zone-import'), apex: z.string(), text: z.string() }),
  z.strictObject({ kind: z.literal('zone-export'), apex: z.string() }),
  z.strictObject({
    kind: z.literal('account-add'),
    name: z.string(),
    admin: z.boolean(),
    /** Null: only tokens act for the account. */
    password: z.string().nullable(),
  }),
  z.strictObject({ kind: z.literal('account-list') }),
  z.strictObject({ kind: z.literal('account-passwd'), name: z.string(), password: z.string() }),
  z.strictObject({ kind: z.literal('account-remove'), name: z.string() }),
  z.strictObject({
    kind: z.literal('host-add'),
    fqdn: z.string(),
    /** May be absent where the host is derived: then it is the router's. */
    account: z.string().optional(),
    ttl: z.number().int(),
    wildcard: z.boolean(),
    derived: derivationSchema.optional(),
  }),
  z.strictObject({ kind: z.literal('host-list'), account: z.string().optional() }),
  z.strictObject({ kind: z.literal('host-show'), fqdn: z.string() }),
  z.strictObject({
    kind: z.literal('host-set'),
    fqdn: z.string(),
    /** Empty where only the derivation is to change. */
    addresses: z.array(z.string()).readonly(),
    /** Null ends it; the host keeps the address it has. */
    derived: derivationSchema.nullable().optional(),
  }),
  /** Refuses the devices' updates of a host; what it publishes stays. */
  z.strictObject({ kind: z.literal('host-block'), fqdn: z.string() }),
  z.strictObject({ kind: z.literal('host-unblock'), fqdn: z.string() }),
  z.strictObject({ kind: z.literal('host-remove'), fqdn: z.string() }),
  /** Makes all hosts of a list, or none. `existing` says what becomes of those that are there. */
  z.strictObject({
    kind: z.literal('host-import'),
    rows: hostRowsSchema,
    existing: z.enum(['refuse', 'skip', 'update']),
  }),
  z.strictObject({
    kind: z.literal('token-add'),
    account: z.string(),
    /** Empty: all hosts of the account, also later ones. */
    hosts: z.array(z.string()).readonly(),
    label: z.string(),
    /** Stores the MD5 of the secret too, which GnuDIP needs. */
    gnudip: z.boolean().optional(),
  }),
  /** Makes a token for each host of a list, or none; only the rows' `fqdn` counts. */
  z.strictObject({
    kind: z.literal('token-add-for-hosts'),
    rows: hostRowsSchema,
    label: z.string(),
    /** Hosts that have a token for them alone are left out; otherwise one of them refuses the list. */
    skipExisting: z.boolean(),
  }),
  z.strictObject({ kind: z.literal('token-list'), account: z.string().optional() }),
  z.strictObject({ kind: z.literal('token-revoke'), id: z.string() }),
  ...ENROLMENT_COMMANDS,
]);

/** One administrative command. */
export type AdminCommand = z.infer<typeof adminCommandSchema>;

/** A zone as shown to people and scripts. */
export interface ZoneInfo {
  readonly apex: string;
  readonly serial: number;
  readonly accept: AcceptPolicy;
  readonly hosts: number;
  /** Static records in presentation format (`owner TTL TYPE rdata`), the SOA first. */
  readonly records: readonly string[];
}

/** A host as shown to people and scripts. */
export interface HostInfo {
  readonly fqdn: string;
  readonly zone: string;
  readonly account: string;
  readonly ttl: number;
  readonly wildcard: boolean;
  /** Whether its updates are refused. */
  readonly blocked: boolean;
  readonly ipv4: string | null;
  readonly ipv6: string | null;
  /** ISO 8601, or null if no address was ever set. */
  readonly changedAt: string | null;
  /** The IPv6 prefix that its device reported last, or null. */
  readonly prefix: string | null;
  /** The hosts whose IPv6 address comes from that prefix. */
  readonly prefixFor: readonly string[];
  readonly derived: DerivedInfo | null;
}

/** Where a host's IPv6 address comes from, if not from its own updates. */
export interface DerivedInfo {
  readonly router: string;
  readonly subnet: number;
  readonly interfaceId: string;
  /** Why its IPv6 address is not what the prefix and these would give, in words; null where it is. */
  readonly problem: string | null;
}

/** An account as shown to people and scripts. */
export interface AccountInfo {
  readonly name: string;
  readonly admin: boolean;
  readonly password: boolean;
  readonly createdAt: string;
}

/** A token as shown to people and scripts, without its secret. */
export interface TokenInfo {
  readonly id: string;
  readonly account: string;
  /** Null: all hosts of the account. */
  readonly hosts: readonly string[] | null;
  readonly label: string;
  readonly createdAt: string;
  /** Whether GnuDIP may be spoken with it, for which the MD5 of its secret is stored. */
  readonly gnudip: boolean;
}

/** What the operator should know although the command was carried out; sentences. */
export interface Warned {
  readonly warnings: readonly string[];
}

/** How many hosts of a list became what. */
export interface ImportCounts {
  readonly added: number;
  readonly updated: number;
  /** There already as the list has them. */
  readonly unchanged: number;
  /** There already, and left alone. */
  readonly skipped: number;
}

/** The one time that the secrets of new tokens are told. */
export interface HostTokens {
  readonly tokens: readonly { readonly fqdn: string; readonly id: string; readonly secret: string }[];
  /** How many hosts had a token already. */
  readonly skipped: number;
}

/** What each command answers with where it succeeds. */
export interface AdminResults extends EnrolmentResults {
  'zone-add': ZoneInfo & Warned;
  'zone-list': readonly Omit<ZoneInfo, 'records'>[];
  'zone-show': ZoneInfo;
  'zone-remove': { readonly removed: string };
  'record-set': { readonly records: readonly string[] };
  'record-remove': { readonly removed: string };
  'zone-import': Warned & { readonly apex: string; readonly records: number; readonly serial: number };
  'zone-export': { readonly text: string };
  'account-add': AccountInfo;
  'account-list': readonly AccountInfo[];
  'account-passwd': AccountInfo;
  'account-remove': { readonly removed: string };
  'host-add': HostInfo;
  'host-list': readonly HostInfo[];
  'host-show': HostInfo;
  'host-set': HostInfo & { readonly changed: boolean };
  'host-block': HostInfo & { readonly changed: boolean };
  'host-unblock': HostInfo & { readonly changed: boolean };
  /** `records`: the TXT records that went with it, as `owner TTL TYPE rdata`. */
  'host-remove': { readonly removed: string; readonly records: readonly string[] };
  'host-import': ImportCounts;
  'token-add-for-hosts': HostTokens;
  'token-add': { readonly id: string; readonly secret: string };
  'token-list': readonly TokenInfo[];
  'token-revoke': { readonly removed: string };
}

/** Why a command was refused. */
export type AdminErrorCode =
  | 'invalid' // what was typed is not a name, address, record, …
  | 'not-found'
  | 'exists'
  | 'conflict' // the data as it is does not allow it
  | 'unavailable'; // the store takes no writes now

/** A refused command; nothing was changed. */
export interface AdminFailure {
  readonly ok: false;
  readonly code: AdminErrorCode;
  /** For people: what is wrong and what to do. */
  readonly message: string;
}

/** The result of a command. */
export type AdminResult<K extends AdminCommand['kind'] = AdminCommand['kind']> =
  { readonly ok: true; readonly value: AdminResults[K] } | AdminFailure;

/** How far a long command has come: `done` of `total` things, or of as many as there may be. */
export interface Progress {
  readonly stage: 'reading' | 'sending' | 'checking' | 'planning' | 'storing';
  readonly done: number;
  readonly total?: number | undefined;
}

/** Hears how far a command has come, many times. */
export type OnProgress = (progress: Progress) => void;

/** Carries out administrative commands: in this process, or in the server that holds the data. */
export interface Administrator {
  execute<K extends AdminCommand['kind']>(
    command: Extract<AdminCommand, { kind: K }>,
    onProgress?: OnProgress,
  ): Promise<AdminResult<K>>;
}
