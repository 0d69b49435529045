/** The state and what serialises access to it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import type { Change } from '../../../src/store/change.ts';
import { CommitListeners } from '../../../src/store/commit-listeners.ts';
import { State } from '../../../src/store/state.ts';
import { runAtOnce } from '../../../src/ops/steps.ts';
import { Turns } from '../../../src/ops/turns.ts';
import { SAMPLE, anyCommit, dump, host, name, token, zone } from '../../contract/store-samples.ts';

const KEY = new Uint8Array(32);

/** Applies what a planner would let through of these changes, and returns it. */
function intoZonesThatAreThere(changes: readonly Change[], state: State): readonly Change[] {
  const sensible = changes.filter((change) => {
    const possible =
      (change.kind !== 'rrset-put' || state.zone(change.apex) !== undefined) &&
      (change.kind !== 'host-put' || state.zone(change.host.zone) !== undefined) &&
      (change.kind !== 'retired-put' || state.zone(change.retired.apex) === undefined);
    if (possible) state.applyChange(change);
    return possible;
  });
  state.apply([]);
  return sensible;
}

suite('state', () => {
  test('replaying a journal over the state that wrote it, from any commit on, changes nothing', () => {
    const commits = fc.array(anyCommit, { maxLength: 12 });
    fc.assert(
      fc.property(commits, fc.nat(12), (history, from) => {
        const state = new State(KEY);
        const journal = history.map((changes) => intoZonesThatAreThere(changes, state));
        const before = dump(state);
        for (const [i, changes] of journal.entries()) if (i >= from) state.apply(changes, i + 1);
        assert.deepEqual(dump(state), before);
      }),
      { numRuns: 500 },
    );
  });

  test('changes applied in steps are as those applied at once, and none is visible before the last step', () => {
    fc.assert(
      fc.property(fc.array(anyCommit, { maxLength: 12 }), anyCommit, (history, last) => {
        const [atOnce, inSteps] = [new State(KEY), new State(KEY)];
        for (const changes of history) {
          atOnce.apply(changes);
          inSteps.apply(changes);
        }
        const before = dump(inSteps);
        atOnce.apply(last);
        for (const steps = inSteps.applyInSteps(last); steps.next().done !== true;)
          assert.deepEqual(dump(inSteps), before);
        assert.deepEqual(dump(inSteps), dump(atOnce));
      }),
      { numRuns: 200 },
    );
  });

  test('nothing that others commit goes back in time while a large commit is staged, in whichever zone it is', () => {
    const [state, others] = [new State(KEY), new State(KEY)];
    const zones = ['a.test', 'b.test', 'c.test'];
    const begin = [
      ...zones.map((apex): Change => ({ kind: 'zone-put', zone: zone(apex) })),
      ...zones.map((apex): Change => ({ kind: 'host-put', host: host(`h.${apex}`, apex) })),
    ];
    const large = Array.from({ length: 3_000 }, (_, i): Change => ({
      kind: 'host-put',
      host: host(`new${i}.a.test`, 'a.test'),
    }));
    for (const each of [state, others]) each.apply(begin);
    const staging = runAtOnce(state.beginStaging(new Set([name('a.test')])));
    // More than is left for the last step.
    for (let i = 1; i <= 10_000; i++) {
      const apex = zones[i % 2]!;
      const changes: Change[] = [
        { kind: 'host-put', host: host(`h.${apex}`, apex, { ttl: i }) },
        { kind: 'zone-put', zone: zone(apex, i) },
      ];
      for (const each of [state, others]) each.apply(changes);
    }
    const removal: Change[] = [{ kind: 'zone-remove', apex: name('c.test') }];
    for (const each of [state, others]) each.apply(removal);
    const seen = dump(others);
    let steps = 0;
    for (const fill = state.fillStaging(staging, large); fill.next().done !== true; steps++)
      assert.deepEqual(dump(state), seen);
    assert.ok(steps > 2);
    state.showStaging(staging, []);
    others.apply(large);
    assert.deepEqual(dump(state), dump(others));
  });

  test('what is put into a zone that is not there has no effect', () => {
    const state = new State(KEY);
    state.apply(SAMPLE[1]!);
    assert.deepEqual(state.counts(), { zones: 0, rrsets: 0, hosts: 0, accounts: 0, tokens: 1 });
  });

  test('finds each token by its digest, and nothing else, after any history', () => {
    fc.assert(
      fc.property(fc.array(anyCommit, { maxLength: 12 }), (history) => {
        const state = new State(KEY);
        for (const changes of history) state.apply(changes);
        const tokens = [...state.tokens()];
        const digests = new Set(tokens.map(({ digest }) => digest));
        for (const each of tokens) assert.ok(digests.has(state.tokenByDigest(each.digest)?.digest ?? 'none'));
        for (const { digest } of history.flat().flatMap((c) => (c.kind === 'token-put' ? [c.token] : []))) {
          if (!digests.has(digest)) assert.equal(state.tokenByDigest(digest), undefined);
        }
      }),
    );
  });

  test('counts what it holds', () => {
    const state = new State(KEY);
    for (const changes of SAMPLE) state.apply(changes);
    assert.deepEqual(state.counts(), { zones: 1, rrsets: 2, hosts: 1, accounts: 1, tokens: 1 });
    state.apply([{ kind: 'token-put', token: token('t2') }], 9);
    assert.equal(state.sequence, 9);
    assert.equal(state.counts().tokens, 2);
  });
});

suite('turns', () => {
  test('run one after the other, also after one that failed', async () => {
    const turns = new Turns();
    const seen: string[] = [];
    const task = (title: string, fails: boolean) => async (): Promise<string> => {
      seen.push(`${title} begins`);
      await new Promise(setImmediate);
      seen.push(`${title} ends`);
      if (fails) throw new Error(title);
      return title;
    };
    const first = turns.run(task('first', true));
    const second = turns.run(task('second', false));
    await assert.rejects(first, /first/);
    assert.equal(await second, 'second');
    assert.deepEqual(seen, ['first begins', 'first ends', 'second begins', 'second ends']);
  });
});

suite('commit listeners', () => {
  test('one that throws keeps nobody from hearing, and is not swallowed', async () => {
    const listeners = new CommitListeners();
    const heard: string[] = [];
    listeners.add(() => {
      throw new Error('a bug in a listener');
    });
    const stop = listeners.add(() => heard.push('second'));
    const handlers = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    const uncaught = once(process, 'uncaughtException');
    assert.equal(listeners.announce([]), undefined);
    assert.deepEqual(heard, ['second']);
    const [error] = (await uncaught) as [Error];
    for (const handler of handlers) process.on('uncaughtException', handler);
    assert.equal(error.message, 'a bug in a listener');
    stop();
  });
});
