/** `Invoke-WebRequest` of a whole PowerShell, as most scripts on Windows call it: credentials at once, text by status. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Finished, run } from './homing-process.ts';
import { ACCOUNT, HOSTS, assertPublished, needProgram, startScenario } from './programs.ts';

const [HOME] = HOSTS;

test('Invoke-WebRequest updates, and throws where the log-in is wrong', async (t) => {
  const pwsh = needProgram(t, 'pwsh');
  if (pwsh === undefined) return;
  const server = await startScenario(t);
  const update = (secret: string, query: string): Promise<Finished> => {
    const login = Buffer.from(`${ACCOUNT}:${secret}`).toString('base64');
    const url = `http://127.0.0.1:${server.httpPort}/nic/update?${query}`;
    const command = `(Invoke-WebRequest -UseBasicParsing -Headers @{ Authorization = 'Basic ${login}' } -Uri '${url}').Content.Trim()`;
    return run(pwsh, ['-NoProfile', '-NonInteractive', '-Command', command]);
  };

  const done = await update(server.token, `hostname=${HOME}&myip=198.51.100.7`);
  assert.equal(done.status, 0, done.output);
  assert.equal(done.stdout.trim(), 'good 198.51.100.7');
  await assertPublished(server, HOME, { ipv4: '198.51.100.7' });
  const refused = await update('wrong', `hostname=${HOME}&myip=203.0.113.1`);
  assert.notEqual(refused.status, 0, refused.output);
  assert.match(refused.output, /401/);
  await assertPublished(server, HOME, { ipv4: '198.51.100.7' });
});
