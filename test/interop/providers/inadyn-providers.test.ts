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
import { ACCOUNT, HOSTS, assertPublished, needProgram, startScenario } from '../programs.ts';
import { startProvider } from './provider-hosts.ts';

const [HOME] = HOSTS;
const FLAGS = ['--foreground', '--loglevel=debug', '--no-pidfile'];

interface Provider {
  readonly kind: string;
  /** The name of its server. */
  readonly name: string;
  /** Both words where they are not account and password. */
  readonly token?: true;
  /** Whether it lets the server find the address. */
  readonly source?: true;
  /** What the log shows of an answer, for a changed address and for the same again. */
  readonly answers: readonly [changed: string, unchanged: string];
}

const DYNDNS2 = ['good ADDRESS', 'nochg ADDRESS'] as const;

const PROVIDERS: readonly Provider[] = [
  { kind: 'default@dyndns.org', name: 'members.dyndns.org', answers: DYNDNS2 },
  { kind: 'default@no-ip.com', name: 'dynupdate.no-ip.com', answers: DYNDNS2 },
  { kind: 'default@duckdns.org', name: 'www.duckdns.org', token: true, answers: ['OK', 'OK'] },
  {
    kind: 'default@ipv4.dynv6.com',
    name: 'ipv4.dynv6.com',
    token: true,
    source: true,
    answers: ['addresses updated', 'addresses unchanged'],
  },
];

test('inadyn, its own providers', async (t) => {
  const program = needProgram(t, 'inadyn');
  if (program === undefined) return;
  const provider = await startProvider(
    t,
    PROVIDERS.map(({ name }) => name),
  );
  if (provider === undefined) return;
  const { server } = provider;
  const directory = await temporaryDirectory(t);
  const inadyn = async (
    kind: string,
    [username, password]: readonly [string, string],
    address: string,
  ): Promise<Finished> => {
    const file = join(directory, 'inadyn.conf');
    const cache = join(directory, 'cache');
    const lines = [
      ...['period = 300', 'verify-address = false', `provider ${kind} {`, '  ssl = false'],
      ...[`  username = "${username}"`, `  password = "${password}"`, `  hostname = "${HOME}"`],
      ...[`  checkip-command = "/bin/echo ${address}"`, '}', ''],
    ];
    await writeFile(file, lines.join('\n'), { mode: 0o600 });
    await rm(cache, { recursive: true, force: true });
    await mkdir(cache);
    const flags = ['--once', '--force', `--cache-dir=${cache}`, `--config=${file}`];
    return provider.run(program, [...FLAGS, ...flags]);
  };

  for (const [i, { kind, name, token, source, answers }] of PROVIDERS.entries()) {
    await t.test(`${kind}: changed, unchanged, refused`, async () => {
      const address = source === true ? '127.0.0.1' : `198.51.100.${7 + i}`;
      const login = (secret: string): readonly [string, string] =>
        token === true ? [secret, secret] : [ACCOUNT, secret];
      for (const answer of answers) {
        const { status, output } = await inadyn(kind, login(server.token), address);
        assert.equal(status, 0, output);
        assert.ok(output.includes(answer.replace('ADDRESS', address)), output);
        assert.match(output, /Successful alias table update for home\.dyn\.test/);
        assert.match(output, new RegExp(`Host: ${name.replaceAll('.', '\\.')}`));
        await assertPublished(server, HOME, { ipv4: address });
      }
      const refused = await inadyn(kind, login('wrong'), '203.0.113.1');
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
