/** What the tests of stores share about enrolment codes: makers of samples, and random changes in a small world. */
import fc from 'fast-check';
import type { Enrolment, EnrolmentEvent, Machine } from '../../src/account/enrolment/enrolment.ts';
import type { Change } from '../../src/store/change.ts';
import { type Name, formatName, parseName } from '../../src/zone/name.ts';

/** The enrolment codes of the small world. */
export const CODES = ['e1', 'e2'] as const;

function name(text: string): Name {
  return parseName(text)!;
}

/** An enrolment code. */
export function enrolment(codeId: string, more: Partial<Enrolment> = {}): Enrolment {
  return {
    id: codeId,
    account: 'ann',
    zone: name('dyn.test'),
    pattern: 'shop-{serial}',
    host: null,
    ttl: 60,
    uses: 300,
    used: 1,
    nextNumber: 1,
    events: 2,
    digest: `digest-of-${codeId}`,
    createdBy: 'root',
    createdAt: 1_700_000_000_000,
    expiresAt: 1_700_600_000_000,
    revokedAt: null,
    lastUsedAt: null,
    ...more,
  };
}

/** A machine of a code. */
export function machine(codeId: string, fqdn: string, more: Partial<Machine> = {}): Machine {
  const enrolledAt = 1_700_000_000_001;
  const renewals = [1_700_000_000_002];
  return {
    enrolment: codeId,
    host: name(fqdn),
    name: 'PC-1',
    serial: null,
    tokens: ['t1'],
    enrolledAt,
    renewals,
    ...more,
  };
}

/** A line of a code's log. */
export function event(codeId: string, number: number, more: Partial<EnrolmentEvent> = {}): EnrolmentEvent {
  return {
    enrolment: codeId,
    number,
    kind: 'refused',
    at: 1_700_000_000_003,
    source: '2001:db8::7',
    name: 'PC-1',
    serial: 'S 1',
    host: null,
    token: null,
    reason: 'used-up-code',
    ...more,
  };
}

const PLAIN = { noNullPrototype: true } as const;
const code = fc.constantFrom(...CODES);
const count = fc.nat(4);
const time = fc.nat(8.64e15);
const id = fc.constantFrom('t1', 't2', 't3', 't4');
const owner = fc.constantFrom('a.dyn.test', 'c.b.dyn.test', 'x\\.y.example.org').map(name);

/** Any change of codes, machines and logs. */
export const anyOfEnrolments: fc.Arbitrary<Change> = fc.oneof(
  fc
    .record(
      { code, pattern: fc.option(fc.string()), host: fc.option(owner), used: count, at: fc.option(time) },
      PLAIN,
    )
    .map(({ code: codeId, pattern, host: only, used, at }): Change => ({
      kind: 'enrolment-put',
      enrolment: enrolment(codeId, { pattern, host: only, used, revokedAt: at, lastUsedAt: at }),
    })),
  fc
    .record(
      { code, owner, serial: fc.option(fc.string()), tokens: fc.array(id, { maxLength: 2 }), at: time },
      PLAIN,
    )
    .map(({ code: codeId, owner: at, serial, tokens, at: enrolledAt }): Change => ({
      kind: 'machine-put',
      // A serial number is of one machine.
      machine: {
        ...machine(codeId, 'h.dyn.test'),
        host: at,
        name: formatName(at),
        serial,
        tokens,
        enrolledAt,
      },
    })),
  fc.record({ code, owner }, PLAIN).map(({ code: codeId, owner: at }): Change => ({
    kind: 'machine-remove',
    enrolment: codeId,
    host: at,
  })),
  fc
    .record(
      { code, number: count, kind: fc.constantFrom('enrolled', 'renewed', 'refused'), name: fc.string() },
      PLAIN,
    )
    // A line is written once: what its number says is what it is.
    .map(({ code: codeId, number, kind }): Change => ({
      kind: 'event-put',
      event: event(codeId, number * 3 + ['enrolled', 'renewed', 'refused'].indexOf(kind), { kind }),
    })),
);
