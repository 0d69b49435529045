/**
 * A week in the life of an agent of the module: reconnects, sleep, an outage of the server, a clock that is set; and days
 * under a server that answers as it likes. What is counted is every request, against what the policy allows.
 * `test/agent/schedule/week.test.ts` is the same for the other agent.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildHost } from '../engine.ts';
import { openPopulation } from './population.ts';

const host = await buildHost();
const skip = 'skip' in host ? host.skip : false;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const LAST_STEP_MS = 30 * MINUTE;
/** A round finds a change after the longest interval. */
const FOUND_MS = 5 * MINUTE * 1.1;

test('a week with reconnects, sleep, an outage and a clock that jumps', { skip }, async (t) => {
  const world = await openPopulation(t, 'path' in host ? host.path : '');
  const move = (address: string): Promise<unknown> => world.run(`$script:World.Address = '${address}'`);
  const answer = (code: string): Promise<unknown> =>
    world.run(`$script:World.Answers = @(@{ Code = '${code}'; Retry = '' })`);
  const last = async (): Promise<string | undefined> => (await world.sent()).at(-1)?.addresses;
  const count = async (): Promise<number> => (await world.sent()).length;
  /** The wall clock parts from the other one, by a sleep or by hand; the agent looks around soon after. */
  const setClock = (byMs: number): Promise<unknown> =>
    world.run(`$script:World.Wall += ${byMs}.0; Step-WorldAll`);

  await world.run('$script:World.Uptime = 1e9; Start-WorldAgent $script:read 1 {}');
  await world.until(10_000);
  assert.equal(await count(), 1, 'the first address');

  // A reconnect every 24 hours, each with a new address; nothing is sent in between.
  for (let day = 1; day <= 2; day++) {
    await world.until(day * DAY);
    assert.equal(await count(), day);
    await move(`9.9.9.${10 + day}`);
    await world.until(day * DAY + FOUND_MS);
    assert.deepEqual([await count(), await last()], [day + 1, `9.9.9.${10 + day}`]);
  }

  // It sleeps for eight hours and wakes elsewhere: found within the spread after a resume.
  await world.until(3 * DAY);
  await move('9.9.9.20');
  await setClock(8 * HOUR);
  await world.until(3 * DAY + 11_000);
  assert.deepEqual([await count(), await last()], [4, '9.9.9.20']);

  // The server is away for six hours, and the address changes twice meanwhile.
  await world.until(4 * DAY);
  await answer('');
  await move('9.9.9.30');
  await world.until(4 * DAY + 3 * HOUR);
  await move('9.9.9.31');
  const back = 4 * DAY + 6 * HOUR;
  await world.until(back);
  const failed = (await world.sent()).slice(4).map(({ at }) => at);
  assertBackOff(failed, 6 * HOUR);
  await answer('good');
  await world.until(back + LAST_STEP_MS + 1000);
  assert.equal(await count(), 4 + failed.length + 1, 'within one step of the back-off, and once');
  assert.equal(await last(), '9.9.9.31', 'the address of now');

  // The clock is set back and forward, a little and a lot.
  const before = await count();
  for (const [hour, by] of [
    [1, -2 * HOUR],
    [2, 3 * HOUR],
    [3, -HOUR],
    [4, -400 * DAY],
  ] as const) {
    await world.until(5 * DAY + hour * HOUR);
    await setClock(by);
  }
  await world.until(6 * DAY);
  assert.equal(await count(), before, 'a clock that is set makes nothing due');
  await setClock(800 * DAY);
  await world.until(6 * DAY + HOUR);
  assert.equal(await count(), before + 1, 'far forward: at most one refresh');
  await setClock(-400 * DAY);
  await world.until(7 * DAY);

  // The week as a whole: nothing without a reason, and looks no more often than the interval allows.
  assert.equal(await count(), 1 + 2 + 1 + failed.length + 1 + 1);
  const looks = Number((await world.run('$script:World.Looks.Count'))[0]);
  const wakes = 1 + 6; // the sleep, and each time the clock was set
  const rounds = Math.ceil((7 * DAY) / (5 * MINUTE * 0.9)) + wakes + failed.length + 1;
  assert.ok(looks <= rounds && looks >= (6 * DAY) / (5 * MINUTE * 1.1), `${looks} looks`);
});

test('a refresh comes after 24 days, and only then', { skip }, async (t) => {
  const world = await openPopulation(t, 'path' in host ? host.path : '', { settings: { interval: '6h' } });
  await world.run('$script:World.Uptime = 1e9; Start-WorldAgent $script:read 1 {}');
  await world.until(24 * DAY - 1000);
  assert.equal((await world.sent()).length, 1);
  await world.until(24 * DAY + 7 * HOUR);
  assert.equal((await world.sent()).length, 2);
  await world.until(47 * DAY);
  assert.equal((await world.sent()).length, 2);
});

test('a link that fails over right after a round is looked at within a second', { skip }, async (t) => {
  const world = await openPopulation(t, 'path' in host ? host.path : '');
  const looksAfter = async (name: string): Promise<number> =>
    Number(
      (
        await world.run(`$script:World.Link = '${name}'; Step-WorldAll; Step-World ($script:World.Now + 1100)
      $script:World.Looks.Count`)
      )[0],
    );
  await world.run('$script:World.Uptime = 1e9; Start-WorldAgent $script:read 1 {}; Step-World 60000');
  assert.equal(await looksAfter('first'), 2);
  // Interfaces are looked at every four seconds.
  await world.run('Step-World ($script:World.Now + 4000)');
  assert.equal(await looksAfter('second'), 3, 'the second change waits for no ten seconds');
  // One that flaps for two minutes.
  for (let n = 0; n < 30; n++)
    await world.run(`$script:World.Link = 'flap ${n}'; Step-WorldAll; Step-World ($script:World.Now + 4000)`);
  const looks = Number((await world.run('$script:World.Looks.Count'))[0]) - 3;
  assert.ok(looks >= 11 && looks <= 15, `${looks} rounds in 120 s`);
});

test('whatever the server answers, nothing is sent that the policy forbids', { skip }, async (t) => {
  const hosts = ['a.example.org', 'b.example.org', 'c.example.org'];
  const world = await openPopulation(t, 'path' in host ? host.path : '', {
    hosts,
    settings: { interval: '30m' },
  });
  // As often done as not; a Retry-After where there is one.
  await world.run(`$script:World.Uptime = 1e9
    $script:World.Answers = @(foreach ($code in 'good', 'nochg', 'good', '', '', '', 'dnserr', '<html>') { @{ Code = $code; Retry = '' } }) +
      @(@{ Code = '911'; Retry = '7200' }, @{ Code = '911'; Retry = '5' }, @{ Code = 'busy'; Retry = '1800' })
    Start-WorldAgent $script:read 8 {}`);
  for (let hour = 1; hour <= 16; hour++) {
    await world.until(hour * HOUR);
    // Late in the day some are told to stop.
    const stop = hour === 9 ? `$script:World.Answers += @{ Code = 'nohost'; Retry = '' }` : '';
    const jump = hour % 5 === 0 ? `$script:World.Wall += ${hour % 2 === 0 ? 3_600_000 : -7_200_000}.0` : '';
    await world.run(
      `$script:World.Address = '9.9.9.${hour}'; $script:World.Link = 'link ${hour}'; ${stop}; ${jump}; Step-WorldAll`,
    );
  }
  const sent = await world.sent();
  for (const code of ['good', '', '911', 'nohost', 'busy'])
    assert.ok(
      sent.some((request) => request.code === code),
      `'${code}' was answered`,
    );
  for (let agent = 0; agent < 8; agent++)
    for (const name of hosts) {
      const own = sent.filter((request) => request.agent === agent && request.host === name);
      assert.ok(own.length > 5);
      for (const [n, { at, addresses }] of own.slice(1).entries()) {
        const before = own[n]!;
        assert.notEqual(before.code, 'nohost', 'sent after a stop');
        if (before.code === 'good' || before.code === 'nochg')
          assert.notEqual(addresses, before.addresses, 'sent what the server has');
        else assert.ok(at - before.at >= Math.max(1000, Number(before.retry) * 1000), 'sent too soon');
      }
    }
});

/** Each gap between tries is at most the step of its number, and at least a second; not more of them than full jitter makes. */
function assertBackOff(times: readonly number[], within: number): void {
  const step = (n: number): number => Math.min(LAST_STEP_MS, 30_000 * 2 ** n);
  let [mean, most] = [0, 0];
  for (; mean < within; most++) mean += step(most) / 2;
  assert.ok(times.length >= 10 && times.length <= 2 * most, `${times.length} tries`);
  for (const [n, at] of times.slice(1).entries()) {
    const gap = at - times[n]!;
    assert.ok(gap >= 1000 && gap <= step(n) + 1000, `gap ${gap} after try ${n}`);
  }
}
