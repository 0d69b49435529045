/** The administrator's office with an enroller whose clock the test sets, and how its answers are read. */
import assert from 'node:assert/strict';
import { createLockout } from '../../../../src/account/lockout/lockout.ts';
import { createTokenResolver } from '../../../../src/account/resolve-token.ts';
import { parseIpAddress } from '../../../../src/net/ip-address.ts';
import type { AdminCommand } from '../../../../src/update/admin/command.ts';
import { createAdministrator } from '../../../../src/update/admin/create-administrator.ts';
import { createCommitter } from '../../../../src/update/commit.ts';
import { createEnroller } from '../../../../src/update/enrol/create-enroller.ts';
import type { EnrolmentOutcome } from '../../../../src/update/enrol/enrolment.ts';
import type { Store } from '../../../../src/store/store.ts';
import type { Execute } from '../office.ts';
import { NOW } from '../fixture.ts';
import { value, zoneAdd } from '../office.ts';

/** What a test works with. */
export interface EnrolOffice {
  readonly store: Store;
  readonly clock: { time: number; now(): number };
  readonly run: Execute;
  /** Makes a code for the zone `dyn.test` of the account `shops`. */
  code(
    pattern: string,
    more?: Partial<Extract<AdminCommand, { kind: 'enroll-create' }>>,
  ): Promise<{ id: string; code: string }>;
  enrol(
    code: string,
    machine: { name?: string; serial?: string; source?: string },
  ): Promise<EnrolmentOutcome>;
  /** Whether a secret is a valid token. */
  readonly isToken: (secret: string) => boolean;
  close(): Promise<void>;
}

/** An office over a store that may hold something already. */
export async function openEnrolOffice(store: Store): Promise<EnrolOffice> {
  const clock = {
    time: NOW,
    now(): number {
      return this.time;
    },
  };
  const committer = createCommitter({ store, clock });
  const { view } = store;
  const administrator = createAdministrator({
    view,
    committer,
    clock,
    hashPassword: () => Promise.resolve('a hash'),
  });
  const run: Execute = (command) => administrator.execute(command);
  const enroller = createEnroller({ view, committer, clock, lockout: createLockout({ clock, slots: 64 }) });
  if (view.account('shops') === undefined) {
    value(await run({ ...zoneAdd, apex: 'dyn.test', nameServers: ['ns1.dyn.test', 'ns2.example.org'] }));
    value(await run({ kind: 'account-add', name: 'shops', admin: false, password: null }));
  }
  const resolve = createTokenResolver(view);
  return {
    store,
    clock,
    run,
    code: async (pattern, more = {}) =>
      value(
        await run({
          kind: 'enroll-create',
          account: 'shops',
          zone: 'dyn.test',
          pattern,
          uses: 300,
          lifetimeSeconds: 604_800,
          by: 'tester',
          ...more,
        }),
      ),
    enrol: (code, { name = 'PC-1', serial = '', source = '192.0.2.1' }) =>
      enroller.enrol({ code, name, serial, source: parseIpAddress(source)! }),
    isToken: (secret) => resolve({ user: '', secret }).kind === 'resolved',
    close: async () => {
      await committer.close();
      await store.close();
    },
  };
}

/** The host and the secret of an enrolment that must have been one. */
export function enrolled(outcome: EnrolmentOutcome): Extract<EnrolmentOutcome, { kind: 'enrolled' }> {
  assert.equal(outcome.kind, 'enrolled', JSON.stringify(outcome));
  return outcome;
}
