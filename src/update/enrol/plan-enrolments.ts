/**
 * Enrolling machines: what it does to the state, for several machines at once. Pure; secrets are made before.
 * Invariant: host, token, count and log of a machine are in one commit; who is refused changes nothing but the log.
 */
import type { Machine } from '../../account/enrolment/enrolment.ts';
import type { Host } from '../../account/host.ts';
import { RRTYPE } from '../../zone/rrtype.ts';
import type { StoreView } from '../../store/store.ts';
import { type Name, formatHostname, nameFromWire } from '../../zone/name.ts';
import type { Zone } from '../../zone/zone.ts';
import type { Plan } from '../commit.ts';
import { EnrolmentDraft } from './enrolment-draft.ts';
import type { Enrolled, EnrolmentRefusal } from './enrolment.ts';
import { type Candidate, RENEWALS, judgeMachine } from './judge-machine.ts';

/** A machine that asks, with what it is given where it gets something. */
export interface Applicant extends Candidate {
  /** Canonical text of its address. */
  readonly source: string;
  readonly tokenId: string;
  /** Of the token's secret. */
  readonly digest: string;
}

/** What came of one machine; the secret is known to whoever made it. */
export type Decision = Omit<Enrolled, 'secret'> | EnrolmentRefusal;

/** Two tokens may be valid at once, so that a machine that has not stored the new one yet goes on working. */
const VALID_TOKENS = 2;

/** The changes for machines in the order in which they asked, and the decision about each. */
export function planEnrolments(
  view: StoreView,
  applicants: readonly Applicant[],
  now: number,
): Plan<readonly Decision[]> {
  const draft = new EnrolmentDraft(view);
  const result = applicants.map((applicant) => decide(draft, applicant, now));
  return { changes: draft.changes(), result };
}

function decide(draft: EnrolmentDraft, applicant: Applicant, now: number): Decision {
  const verdict = judgeMachine(draft, applicant, now);
  switch (verdict.kind) {
    case 'new':
      return enrolNew(draft, applicant, { ...verdict, now });
    case 'renewal':
      return renew(draft, applicant, { machine: verdict.machine, now });
    case 'unknown-code':
      return verdict;
    default: {
      const host = 'host' in verdict ? hostNamed(draft, applicant, verdict.host) : null;
      note(draft, applicant, { kind: 'refused', now, host, reason: verdict.kind });
      return verdict;
    }
  }
}

function enrolNew(
  draft: EnrolmentDraft,
  applicant: Applicant,
  { host, nextNumber, now }: { host: Name; nextNumber: number; now: number },
): Decision {
  const code = draft.code(applicant.enrolment)!;
  // What is left of a host of this name that is no more.
  for (const id of draft.machine(code.id, host)?.tokens ?? []) draft.removeToken(id);
  if (draft.owner(host) === undefined) draft.putHost(newHost(host, code));
  draft.putMachine({
    enrolment: code.id,
    host,
    name: applicant.name,
    serial: applicant.serial,
    tokens: [applicant.tokenId],
    enrolledAt: now,
    renewals: [],
  });
  draft.putCode({ ...code, used: code.used + 1, nextNumber, lastUsedAt: now });
  return give(draft, applicant, { host, now, renewed: false });
}

function newHost(name: Name, { zone, account, ttl }: { zone: Name; account: string; ttl: number }): Host {
  return {
    name,
    zone,
    account,
    ttl,
    ipv4: null,
    ipv6: null,
    wildcard: false,
    changedAt: null,
    blocked: false,
  };
}

function renew(
  draft: EnrolmentDraft,
  applicant: Applicant,
  { machine, now }: { machine: Machine; now: number },
): Decision {
  const tokens = [...machine.tokens, applicant.tokenId];
  for (const id of tokens.slice(0, -VALID_TOKENS)) draft.removeToken(id);
  draft.putMachine({
    ...machine,
    tokens: tokens.slice(-VALID_TOKENS),
    renewals: [...machine.renewals, now].slice(-RENEWALS.most),
  });
  draft.putCode({ ...draft.code(machine.enrolment)!, lastUsedAt: now });
  return give(draft, applicant, { host: machine.host, now, renewed: true });
}

function give(
  draft: EnrolmentDraft,
  applicant: Applicant,
  { host, now, renewed }: { host: Name; now: number; renewed: boolean },
): Decision {
  const code = draft.code(applicant.enrolment)!;
  draft.putToken({
    id: applicant.tokenId,
    account: code.account,
    hosts: [host],
    label: `enrolled with ${code.id}`,
    digest: applicant.digest,
    createdAt: now,
  });
  note(draft, applicant, { kind: renewed ? 'renewed' : 'enrolled', now, host, reason: null });
  const zone = draft.view.zone(code.zone)!;
  return {
    kind: 'enrolled',
    host: formatHostname(host),
    zone: formatHostname(zone.apex),
    account: code.account,
    tokenId: applicant.tokenId,
    servers: nameServersOf(zone),
    renewed,
  };
}

function note(
  draft: EnrolmentDraft,
  { enrolment, name, serial, source, tokenId }: Applicant,
  {
    kind,
    now,
    host,
    reason,
  }: { kind: 'enrolled' | 'renewed' | 'refused'; now: number; host: Name | null; reason: string | null },
): void {
  const token = kind === 'refused' ? null : tokenId;
  draft.addEvent({ enrolment, kind, at: now, source, name, serial, host, token, reason });
}

/** The wire form of a host that a verdict names: a label below the code's zone. */
function hostNamed(draft: EnrolmentDraft, { enrolment }: Applicant, host: string): Name {
  const label = host.slice(0, host.indexOf('.'));
  return nameFromWire(String.fromCharCode(label.length) + label + draft.code(enrolment)!.zone);
}

function nameServersOf(zone: Zone<Host>): readonly string[] {
  const rdata = zone.staticRRset(zone.apex, RRTYPE.NS)?.rdata ?? [];
  const names = rdata.map((bytes) => nameFromWire(Buffer.from(bytes).toString('latin1')));
  return (names.length === 0 ? [zone.settings.soa.mname] : names).map(formatHostname);
}
