/**
 * inadyn 2.10 set to the providers it knows, whose names lead to Homing: their code reads the reply in another way
 * than `custom` does. And its update on demand (SIGUSR1), as routers send it every month.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Finished, temporaryDirectory } from '../homing-process.ts';
import { ACCOUNT, HOSTS, PASSWORD, assertPublished, needProgram, startScenario } from '../programs.ts';
import { startProvider } from './provider-hosts.ts';

const [HOME] = HOSTS;
const FLAGS = ['--foreground', '--loglevel=debug', '--no-pidfile'];

/** Providers of DynDNS2, with the name of their server and whether they are spoken to at the default path. */
const PROVIDERS = [
  ['default@dyndns.org', 'members.dyndns.org'],
  ['default@no-ip.com', 'dynupdate.no-ip.com'],
] as const;

test('inadyn, its own providers', async (t) => {
  const program = needProgram(t, 'inadyn');
  if (program === undefined) return;
  const provider = await startProvider(
    t,
    PROVIDERS.map(([, name]) => name),
  );
  if (provider === undefined) return;
  const { server } = provider;
  const directory = await temporaryDirectory(t);
  const inadyn = async (kind: string, password: string, address: string): Promise<Finished> => {
    const file = join(directory, 'inadyn.conf');
    const cache = join(directory, 'cache');
    const lines = [
      ...['period = 300', 'verify-address = false', `provider ${kind} {`, '  ssl = false'],
      ...[`  username = "${ACCOUNT}"`, `  password = "${password}"`, `  hostname = "${HOME}"`],
      ...[`  checkip-command = "/bin/echo ${address}"`, '}', ''],
    ];
    await writeFile(file, lines.join('\n'), { mode: 0o600 });
    await rm(cache, { recursive: true, force: true });
    await mkdir(cache);
    const once = ['--once', '--force', `--cache-dir=${cache}`, `--config=${file}`];
    return provider.run(program, [...FLAGS, ...once]);
  };

  for (const [i, [kind, name]] of PROVIDERS.entries()) {
    await t.test(`${kind}: good, nochg, badauth`, async () => {
      const address = `198.51.100.${7 + i}`;
      for (const code of ['good', 'nochg']) {
        const { status, output } = await inadyn(kind, PASSWORD, address);
        assert.equal(status, 0, output);
        assert.match(output, new RegExp(`${code} ${address}`));
        assert.match(output, /Successful alias table update for home\.dyn\.test/);
        assert.match(output, new RegExp(`Host: ${name.replaceAll('.', '\\.')}`));
        await assertPublished(server, HOME, { ipv4: address });
      }
      const refused = await inadyn(kind, 'wrong', '203.0.113.1');
      assert.notEqual(refused.status, 0, refused.output);
      assert.doesNotMatch(refused.output, /Successful alias table update/);
      await assertPublished(server, HOME, { ipv4: address });
    });
  }
});

test('inadyn updates on demand although nothing changed', async (t) => {
  const program = needProgram(t, 'inadyn');
  if (program === undefined) return;
  const server = await startScenario(t);
  const directory = await temporaryDirectory(t);
  const file = join(directory, 'inadyn.conf');
  const lines = [
    ...['period = 300', 'verify-address = false', 'custom homing {', '  ssl = false'],
    ...[`  username = "${ACCOUNT}"`, `  password = "${server.token}"`, `  hostname = "${HOME}"`],
    ...[`  ddns-server = "127.0.0.1:${server.httpPort}"`, '  ddns-path = "/nic/update?hostname=%h&myip=%i"'],
    ...['  checkip-command = "/bin/echo 198.51.100.7"', '}', ''],
  ];
  await writeFile(file, lines.join('\n'), { mode: 0o600 });
  await mkdir(join(directory, 'cache'));
  const child = spawn(program, [...FLAGS, `--cache-dir=${join(directory, 'cache')}`, `--config=${file}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (printed += text));
  const updates = (): number => printed.match(/Successful alias table update/g)?.length ?? 0;
  const untilUpdates = async (count: number): Promise<void> => {
    for (let tries = 0; tries < 200 && updates() < count; tries++)
      await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(updates(), count, printed);
  };
  await untilUpdates(1);
  await assertPublished(server, HOME, { ipv4: '198.51.100.7' });
  child.kill('SIGUSR1');
  await untilUpdates(2);
  assert.match(printed, /nochg 198\.51\.100\.7/);
});
