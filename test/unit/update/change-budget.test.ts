import assert from 'node:assert/strict';
import { after, describe, it, mock } from 'node:test';
import fc from 'fast-check';
import { createChangeBudget } from '../../../src/update/change-budget.ts';
import { createUpdateService } from '../../../src/update/create-service.ts';
import { parseIpPrefix } from '../../../src/net/ip-prefix.ts';
import type { UpdateRequest } from '../../../src/update/request.ts';
import { type Room, alice, createRoom, ip, name } from './fixture.ts';

const HOME = name('home.dyn.test');
const MINUTE = 60_000;

/** The monotonic time that the buckets read, which the tests set. */
let time = 0;
const passed = mock.method(performance, 'now', () => time);
after(() => {
  passed.mock.restore();
});

describe('the budget of changes', () => {
  it('grants the burst at once and one more in each refill, for ever and never more', () => {
    const pauses = fc.array(fc.integer({ min: 0, max: 3 * MINUTE }), { minLength: 50, maxLength: 300 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), pauses, (burst, all) => {
        const budget = createChangeBudget({ burst, refillMs: MINUTE })!;
        const start = time;
        let made = 0;
        for (const pause of all) {
          time += pause;
          if (budget.waitFor(HOME, 4) > 0) continue;
          budget.spend(HOME, 4);
          made++;
        }
        assert.ok(made <= burst + (time - start) / MINUTE, `${made} changes`);
        assert.ok(made >= Math.min(all.length, burst));
        const wait = budget.waitFor(HOME, 4);
        assert.ok(wait <= 60);
        assert.equal(budget.waitFor(HOME, 6), 0);
        time += wait * 1000;
        assert.equal(budget.waitFor(HOME, 4), 0);
      }),
    );
  });

  it('remembers who changes a lot while 100,000 others change once, none of which is refused', () => {
    const budget = createChangeBudget({ burst: 60, refillMs: MINUTE })!;
    for (let i = 0; i < 60; i++) budget.spend(HOME, 4);
    for (let i = 0; i < 100_000; i++) {
      const other = name(`h${i}.dyn.test`);
      assert.equal(budget.waitFor(other, 4), 0);
      budget.spend(other, 4);
    }
    assert.equal(budget.waitFor(HOME, 4), 60);
  });

  it('takes constant memory, also where every host changes without end', () => {
    const budget = createChangeBudget({ burst: 2, refillMs: MINUTE })!;
    const names = Array.from({ length: 50_000 }, (_, i) => name(`h${i}.dyn.test`));
    for (const each of names) for (let i = 0; i < 3; i++) budget.spend(each, 4);
    const refused = names.filter((each) => budget.waitFor(each, 4) > 0).length;
    assert.ok(refused > 8000 && refused <= 16_384, `${refused} remembered`);
  });

  it('is none where the burst is 0', () => {
    assert.equal(createChangeBudget({ burst: 0, refillMs: 1000 }), undefined);
  });
});

describe('updates within a budget', () => {
  const request = (ipv4: string, ipv6?: string): UpdateRequest => ({
    principal: alice,
    hostnames: [HOME],
    ipv4: { kind: 'set', address: ip(ipv4) },
    ipv6: ipv6 === undefined ? { kind: 'keep' } : { kind: 'set', address: ip(ipv6) },
  });

  async function budgeted(): Promise<{ room: Room; change: (wanted: UpdateRequest) => Promise<string> }> {
    const room = await createRoom();
    const { store, committer, clock } = room;
    const budget = createChangeBudget({ burst: 3, refillMs: MINUTE });
    const service = createUpdateService({ view: store.view, committer, clock, budget });
    const change = async (wanted: UpdateRequest): Promise<string> => {
      const result = await service.update(wanted);
      return result.kind === 'hosts' ? result.outcomes[0]!.kind : result.kind;
    };
    return { room, change };
  }

  it('count only what changed and only in its family', async () => {
    const { change } = await budgeted();
    for (let i = 1; i <= 3; i++) {
      assert.equal(await change(request(`10.1.0.${i}`)), 'changed');
      for (let j = 0; j < 10; j++) assert.equal(await change(request(`10.1.0.${i}`)), 'unchanged');
    }
    assert.equal(await change(request('10.1.0.4')), 'over-budget');
    assert.equal(await change(request('10.1.0.3')), 'unchanged');
    assert.equal(await change(request('10.1.0.3', '2001:db8::1')), 'changed');
    time += MINUTE;
    assert.equal(await change(request('10.1.0.4')), 'changed');
    assert.equal(await change(request('10.1.0.5')), 'over-budget');
  });

  it('do not count while nothing can be written', async () => {
    const { room, change } = await budgeted();
    room.store.broken = true;
    for (let i = 1; i <= 20; i++) assert.equal(await change(request(`10.2.0.${i}`)), 'unavailable');
    room.store.broken = false;
    for (let i = 1; i <= 3; i++) assert.equal(await change(request(`10.3.0.${i}`)), 'changed');
    assert.equal(await change(request('10.3.0.9')), 'over-budget');
  });

  it('count another prefix as a change of IPv6, and the same one as none', async () => {
    const { change } = await budgeted();
    const report = (site: number): UpdateRequest => {
      const prefix = parseIpPrefix(`2001:db8:${site}::/56`)!;
      return { ...request('10.5.0.1'), prefix };
    };
    for (let i = 1; i <= 3; i++) {
      assert.equal(await change(report(i)), 'changed');
      assert.equal(await change(report(i)), 'unchanged');
    }
    assert.equal(await change(report(4)), 'over-budget');
    assert.equal(await change(report(3)), 'unchanged');
    assert.equal(await change(request('10.5.0.2')), 'changed', 'IPv4 has its own');
  });

  it('are refused when they arrive all at once, too', async () => {
    const { change } = await budgeted();
    const kinds = await Promise.all(Array.from({ length: 10 }, (_, i) => change(request(`10.4.0.${i + 1}`))));
    assert.deepEqual(kinds.filter((kind) => kind === 'changed').length, 3);
    assert.deepEqual(kinds.filter((kind) => kind === 'over-budget').length, 7);
  });
});
