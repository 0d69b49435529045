/**
 * The single executable for Linux as it is handed out: one round against a real Homing, seen by `dig`.
 * Skipped, with the reason, where it was not built (`npm run build:agent`) or there is nothing to ask DNS with.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { run } from '../interop/homing-process.ts';
import { ACCOUNT, HOSTS, assertPublished, findProgram, startScenario } from '../interop/programs.ts';
import { newHome } from './agent-here.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const PROGRAM = join(ROOT, 'clients', 'dist', 'homing-agent-linux-x64');

function lack(): string | false {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'needs Linux on x64';
  if (!existsSync(PROGRAM)) return 'needs homing-agent-linux-x64 (npm run build:agent)';
  return ['dig', 'kdig'].some((name) => findProgram(name) !== undefined) ? false : 'needs dig or kdig';
}

test('homing-agent-linux-x64 keeps a name right', { skip: lack(), timeout: 120_000 }, async (t) => {
  const server = await startScenario(t);
  const [host] = HOSTS;
  const home = newHome(t, server.token);
  home.write('four', '198.51.100.21\n');
  home.write(
    'agent.yaml',
    `allowPrivate: true
servers:
  home:
    url: http://127.0.0.1:${server.httpPort}
    user: ${ACCOUNT}
    secret: { file: ${home.secretFile} }
    dns: ['127.0.0.1:${server.dnsPort}']
hosts: [{ name: ${host}, ipv6: false }]
detect: { ipv4: { sources: ['command:cat ${join(home.directory, 'four')}'] } }
`,
  );
  const agent = (command: string): ReturnType<typeof run> => run(PROGRAM, [command, ...home.places]);
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  assert.equal((await run(PROGRAM, ['version'])).stdout, `${version}\n`);
  const first = await agent('once');
  assert.equal(first.status, 0, first.output);
  assert.match(first.stdout, /"event":"changed".*"addresses":\["198\.51\.100\.21"\]/);
  await assertPublished(server, host, { ipv4: '198.51.100.21' });
  const second = await agent('once');
  assert.deepEqual([second.status, second.stdout], [0, ''], 'its state says that nothing has changed');
  home.write('four', '198.51.100.22\n');
  assert.equal((await agent('once')).status, 0);
  await assertPublished(server, host, { ipv4: '198.51.100.22' });
  const status = await agent('status');
  assert.equal(status.status, 0, status.output);
  assert.match(status.stdout, /198\.51\.100\.22[\s\S]*DNS: has the address/);
  home.inspect(first.output + second.output + status.output);
});
