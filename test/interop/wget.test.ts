/** GNU wget, which sends no credentials before it was asked for them, and BusyBox wget, which sends them at once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Finished, run } from './homing-process.ts';
import { ACCOUNT, HOSTS, PASSWORD, assertPublished, needProgram, startScenario } from './programs.ts';

const [HOME] = HOSTS;

test('GNU wget answers the challenge and updates', async (t) => {
  const wget = needProgram(t, 'wget');
  if (wget === undefined) return;
  const server = await startScenario(t);
  const update = (password: string, query: string): Promise<Finished> =>
    run(wget, [
      ...['--no-config', '--server-response', '--tries=1', '--timeout=10', '--output-document=-'],
      `http://${ACCOUNT}:${password}@127.0.0.1:${server.httpPort}/nic/update?${query}`,
    ]);

  const done = await update(PASSWORD, `hostname=${HOME}&myip=198.51.100.7`);
  assert.equal(done.status, 0, done.output);
  assert.equal(done.stdout, 'good 198.51.100.7\n');
  assert.equal(done.stderr.match(/HTTP\/1\.\d 401 /g)?.length, 1, 'it was challenged once');
  await assertPublished(server, HOME, { ipv4: '198.51.100.7' });

  const refused = await update('wrong', `hostname=${HOME}&myip=203.0.113.1`);
  assert.equal(refused.status, 6, `authentication failed:\n${refused.output}`);
  const unknown = await update(PASSWORD, 'hostname=nobody.dyn.test&myip=203.0.113.1');
  assert.equal(unknown.stdout, 'nohost\n');
  await assertPublished(server, HOME, { ipv4: '198.51.100.7' });
});

test('BusyBox wget updates', async (t) => {
  const busybox = needProgram(t, 'busybox');
  if (busybox === undefined) return;
  const server = await startScenario(t);
  const update = (password: string, query: string): Promise<Finished> =>
    run(busybox, [
      // No -T: BusyBox 1.35 of Debian crashes with it.
      ...['wget', '-O', '-'],
      `http://${ACCOUNT}:${password}@127.0.0.1:${server.httpPort}/nic/update?${query}`,
    ]);

  const done = await update(server.token, `hostname=${HOME}&myip=198.51.100.7`);
  assert.equal(done.status, 0, done.output);
  assert.equal(done.stdout, 'good 198.51.100.7\n');
  const refused = await update('wrong', `hostname=${HOME}&myip=203.0.113.1`);
  assert.equal(refused.status, 1, refused.output);
  assert.match(refused.stderr, /401/);
  await assertPublished(server, HOME, { ipv4: '198.51.100.7' });
});
