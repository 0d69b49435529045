/** Carries out the administrative commands about enrolment codes. */
import { createEnrolmentCode } from '../../account/enrolment/code.ts';
import { createTokenId, digestTokenSecret } from '../../account/token.ts';
import type { Clock } from '../../ops/clock.ts';
import { mapInSteps, runInTurns } from '../../ops/steps.ts';
import type { StoreView } from '../../store/store.ts';
import type { AdminCommand, AdminResult } from '../admin/command.ts';
import { submitAlone } from '../admin/submit.ts';
import type { Committer } from '../commit.ts';
import type { EnrolmentResults } from './enrolment-command.ts';
import {
  describeEnrolment,
  describeEvent,
  noEnrolment,
  planEnrolmentCreate,
  planEnrolmentRevoke,
} from './plan-code.ts';

/** One handler for each command. */
export type EnrolmentHandlers = {
  readonly [K in keyof EnrolmentResults]: (
    command: Extract<AdminCommand, { kind: K }>,
  ) => AdminResult<K> | Promise<AdminResult<K>>;
};

/** The handlers over a store's view and its writer. */
export function createEnrolmentHandlers({
  view,
  committer,
  clock,
}: {
  readonly view: StoreView;
  readonly committer: Committer;
  readonly clock: Clock;
}): EnrolmentHandlers {
  return {
    'enroll-create': (command) => {
      const code = createEnrolmentCode();
      const made = { id: createTokenId(), code, digest: digestTokenSecret(code, view.tokenKey) };
      return submitAlone(committer, (current, now) => planEnrolmentCreate(current, command, made, now));
    },
    'enroll-list': () => ({
      ok: true,
      value: Array.from(view.enrolments.all(), (enrolment) => describeEnrolment(enrolment, clock.now())),
    }),
    'enroll-revoke': (command) =>
      submitAlone(committer, (current, now) => planEnrolmentRevoke(current, command, now)),
    'enroll-log': async ({ id }) => {
      const { enrolments } = view;
      if (id !== undefined && enrolments.get(id) === undefined) return noEnrolment(id);
      const ids = id === undefined ? Array.from(enrolments.all(), (enrolment) => enrolment.id) : [id];
      const events = ids.flatMap((each) => enrolments.events(each)).sort((a, b) => a.at - b.at);
      return { ok: true, value: await runInTurns(mapInSteps(events, describeEvent)) };
    },
  };
}
