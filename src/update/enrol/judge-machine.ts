/**
 * Whether a machine with a code gets a host, which one, and why not. Pure.
 * Invariant: a code gives out hosts that it made itself, or the one that it is for, and never more than its uses.
 */
import { type Machine, identityOf } from '../../account/enrolment/enrolment.ts';
import { type Pattern, asksFor, expandPattern, parsePattern } from '../../account/enrolment/pattern.ts';
import { staticConflict } from '../admin/plan-host.ts';
import { parseHostname } from '../../zone/hostname.ts';
import { type Name, formatHostname } from '../../zone/name.ts';
import type { EnrolmentDraft } from './enrolment-draft.ts';
import type { EnrolmentRefusal } from './enrolment.ts';

/** A machine that asks, as far as the decision depends on it. */
export interface Candidate {
  /** The code's id. */
  readonly enrolment: string;
  readonly name: string;
  /** Null where it has none of its own. */
  readonly serial: string | null;
}

/** What it gets; `nextNumber` is what `{n}` tries after it. */
export type Verdict =
  | { readonly kind: 'new'; readonly host: Name; readonly nextNumber: number }
  | { readonly kind: 'renewal'; readonly machine: Machine }
  | Exclude<EnrolmentRefusal, { kind: 'locked-out' }>;

/** How often one machine may get another token. */
export const RENEWALS = { most: 4, perMs: 86_400_000 } as const;

/** How long after its use the same machine may present a code for one host again: a reply may have been lost. */
export const REPEAT_MS = 900_000;

/** Numbers that are tried for one machine: some milliseconds. */
const MOST_TRIES = 20_000;

/** Decides about one machine at one time. */
export function judgeMachine(draft: EnrolmentDraft, candidate: Candidate, now: number): Verdict {
  const code = draft.code(candidate.enrolment);
  if (code?.revokedAt !== null || draft.view.account(code.account) === undefined)
    return { kind: 'unknown-code' };
  if (code.expiresAt <= now) return { kind: 'expired-code' };
  if (code.host !== null) return judgeForHost(draft, candidate, { host: code.host, now });
  const pattern = parsePattern(code.pattern ?? '');
  if (!pattern.ok || draft.view.zone(code.zone) === undefined) return { kind: 'target-gone' };
  if (asksFor(pattern.value, 'serial') && candidate.serial === null) return { kind: 'serial-needed' };
  return asksFor(pattern.value, 'n')
    ? judgeForNumber(draft, candidate, { pattern: pattern.value, now })
    : judgeForName(draft, candidate, { pattern: pattern.value, now });
}

function judgeForHost(
  draft: EnrolmentDraft,
  candidate: Candidate,
  { host, now }: { host: Name; now: number },
): Verdict {
  const code = draft.code(candidate.enrolment)!;
  if (draft.view.host(host)?.account !== code.account) return { kind: 'target-gone' };
  const machine = draft.machine(code.id, host);
  const isRepeated = machine !== undefined && now - machine.enrolledAt <= REPEAT_MS;
  if (isRepeated && identityOf(machine) === identityOf(candidate)) return judgeRenewal(machine, now);
  return code.used >= code.uses ? { kind: 'used-up-code' } : { kind: 'new', host, nextNumber: 1 };
}

function judgeForName(
  draft: EnrolmentDraft,
  candidate: Candidate,
  { pattern, now }: { pattern: Pattern; now: number },
): Verdict {
  const code = draft.code(candidate.enrolment)!;
  const host = hostOf(pattern, candidate, { number: 0, zone: code.zone });
  if (host === undefined) return { kind: 'name-unusable' };
  const machine = draft.machine(code.id, host);
  if (machine !== undefined && draft.owner(host) === code.account)
    return isSameMachine(machine, candidate)
      ? judgeRenewal(machine, now)
      : { kind: 'other-machine', host: formatHostname(host) };
  if (code.used >= code.uses) return { kind: 'used-up-code' };
  if (!isFree(draft, host, code.zone)) return { kind: 'host-taken', host: formatHostname(host) };
  return { kind: 'new', host, nextNumber: code.nextNumber };
}

function judgeForNumber(
  draft: EnrolmentDraft,
  candidate: Candidate,
  { pattern, now }: { pattern: Pattern; now: number },
): Verdict {
  const code = draft.code(candidate.enrolment)!;
  const machine = draft.machineKnownAs(code.id, identityOf(candidate));
  if (machine !== undefined && draft.owner(machine.host) === code.account) return judgeRenewal(machine, now);
  if (code.used >= code.uses) return { kind: 'used-up-code' };
  for (let number = code.nextNumber; number < code.nextNumber + MOST_TRIES; number++) {
    const host = hostOf(pattern, candidate, { number, zone: code.zone });
    if (host === undefined) return { kind: 'name-unusable' };
    if (isFree(draft, host, code.zone)) return { kind: 'new', host, nextNumber: number + 1 };
  }
  const last = hostOf(pattern, candidate, { number: code.nextNumber, zone: code.zone });
  return { kind: 'host-taken', host: formatHostname(last!) };
}

function hostOf(
  pattern: Pattern,
  { name, serial }: Candidate,
  { number, zone }: { number: number; zone: Name },
): Name | undefined {
  const label = expandPattern(pattern, { name, serial, number });
  return label === undefined ? undefined : parseHostname(`${label}.${formatHostname(zone)}`);
}

function isFree(draft: EnrolmentDraft, host: Name, apex: Name): boolean {
  const zone = draft.view.zoneFor(host);
  if (zone?.apex !== apex || draft.owner(host) !== undefined) return false;
  return staticConflict(zone, host) === undefined;
}

/** Two machines may have one name, but not one serial number; where one was told once only, the name decides. */
function isSameMachine({ serial }: Machine, candidate: Candidate): boolean {
  if (serial === null || candidate.serial === null) return true;
  return serial.toLowerCase() === candidate.serial.toLowerCase();
}

function judgeRenewal(machine: Machine, now: number): Verdict {
  const recent = machine.renewals.filter((at) => at <= now && now - at < RENEWALS.perMs);
  if (recent.length < RENEWALS.most) return { kind: 'renewal', machine };
  const wait = recent.at(-RENEWALS.most)! + RENEWALS.perMs - now;
  return { kind: 'too-often', retryAfterSeconds: Math.max(1, Math.ceil(wait / 1000)) };
}
