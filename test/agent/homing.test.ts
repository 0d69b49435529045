/** The agent with a real Homing: updates, DNS, hot reload, rotation of the secret, status, one at a time. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { Resolver } from 'node:dns/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { jsonOf, newDirectory, runHere as runHoming, startServer } from '../e2e/homing-process.ts';
import { run } from '../interop/homing-process.ts';
import { needProgram } from '../interop/programs.ts';
import { startScriptedServer } from '../clients/scripted/server.ts';
import { type Home, type LogLine, newHome, runHere, startHere, startProcess, until } from './agent-here.ts';

const HOST = 'pc.dyn.example.org';

interface Site {
  readonly home: Home;
  readonly secret: string;
  readonly dnsPort: number;
  /** Says which address the machine has from now on. */
  move(ipv4: string, ipv6?: string): void;
  configure(more?: string): void;
  /** What DNS says: the IPv4 and IPv6 addresses of the host. */
  dns(): Promise<readonly string[]>;
}

async function startSite(t: TestContext): Promise<Site> {
  const cwd = newDirectory(t);
  const homing = async (...args: readonly string[]): Promise<string> =>
    (await runHoming([...args, '--data', 'data'], { cwd })).stdout;
  await homing('zone', 'add', 'dyn.example.org');
  await runHoming(['account', 'add', 'alice', '--password-stdin', '--data', 'data'], {
    cwd,
    stdin: 'correct horse battery staple',
  });
  await homing('host', 'add', HOST, '--account', 'alice');
  const made = await runHoming(['token', 'add', '--account', 'alice', '--json', '--data', 'data'], { cwd });
  const { secret } = jsonOf<{ secret: string }>(made);
  const server = await startServer(t, 'serve', { cwd, args: ['--data', 'data'] });
  const home = newHome(t, secret);
  const [four, six] = [join(home.directory, 'ipv4'), join(home.directory, 'ipv6')];
  const configure = (more = ''): void => {
    home.write(
      'agent.yaml',
      `interval: 30s
servers:
  home:
    url: ${server.http}
    user: alice
    secret: { file: ${home.secretFile} }
    dns: ['127.0.0.1:${server.dnsPort}']
hosts: [{ name: ${HOST} }]
detect:
  ipv4: { sources: ['command:cat ${four}'] }
  ipv6: { sources: ['command:cat ${six}'] }
${more}`,
    );
  };
  configure();
  return {
    home,
    secret,
    dnsPort: server.dnsPort,
    configure,
    move: (ipv4, ipv6) => {
      writeFileSync(four, ipv4);
      if (ipv6 === undefined) rmSync(six, { force: true });
      else writeFileSync(six, ipv6);
    },
    dns: async () => {
      const resolver = new Resolver({ timeout: 2000, tries: 2 });
      resolver.setServers([`127.0.0.1:${server.dnsPort}`]);
      const none = (): string[] => [];
      return [...(await resolver.resolve4(HOST).catch(none)), ...(await resolver.resolve6(HOST).catch(none))];
    },
  };
}

test('the agent keeps a name right at a real Homing', async (t) => {
  const site = await startSite(t);
  const { home } = site;
  const status = (): ReturnType<typeof runHere> => runHere(home, ['status', ...home.places]);

  await t.test('status knows nothing before the first start', async () => {
    const { code, stdout } = await status();
    assert.equal(code, 3);
    assert.match(stdout, /No agent runs/);
  });

  await t.test('check and detect', async () => {
    site.move('9.9.9.9', '2620:fe::fe');
    assert.equal((await runHere(home, ['check', ...home.places])).code, 0);
    const detected = await runHere(home, ['detect', ...home.places]);
    assert.match(detected.stdout, /^IPv4 \(home\): 9\.9\.9\.9$/m);
    assert.match(detected.stdout, /^IPv6 \(home\): 2620:fe::fe$/m);
  });

  await t.test(
    'once updates both families in one request, and has nothing to do the second time',
    async () => {
      const first = await runHere(home, ['once', ...home.places]);
      assert.equal(first.code, 0, first.stdout + first.stderr);
      assert.match(first.stdout, /"event":"changed".*"addresses":\["9\.9\.9\.9","2620:fe::fe"\]/);
      assert.deepEqual(await site.dns(), ['9.9.9.9', '2620:fe::fe']);
      const second = await runHere(home, ['once', ...home.places]);
      assert.deepEqual([second.code, second.stdout], [0, '']);
      const { code, stdout } = await status();
      assert.equal(code, 0, stdout);
      assert.match(stdout, /DNS: has the address/);
      assert.equal(statSync(join(home.state, 'state.json')).mode & 0o777, 0o600);
    },
  );

  await t.test(
    'A-5.4 run takes up a changed configuration, and keeps the old one where it is invalid',
    async (t) => {
      const run = startHere(t, home);
      await run.logged('started');
      home.write('agent.yaml', `${readFileSync(home.config, 'utf8')}intervall: 5m\n`);
      const refused = await run.logged('refused');
      assert.match(refused.message, /intervall does not exist \(nearest: interval\)/);
      site.move('9.9.9.10');
      site.configure('jitter: 0.2\n');
      await run.logged('reloaded');
      await run.logged('changed');
      assert.deepEqual(
        await site.dns(),
        ['9.9.9.10', '2620:fe::fe'],
        'A-1.7 IPv6 is missing, and left alone',
      );
      assert.equal(run.lines().filter(({ event }) => event === 'refused').length, 1, 'told once');

      await t.test('A-7.2 a second one exits at once, and names the first', async () => {
        const second = await runHere(home, ['once', ...home.places]);
        assert.equal(second.code, 75);
        assert.match(second.stderr, new RegExp(`process ${process.pid}`));
      });

      await t.test(
        'A-6.3 a secret that is wrong stops the host, and one that is right lets it go on',
        async () => {
          home.guard('not the right secret at all');
          site.move('9.9.9.11');
          home.write('home.token', 'not the right secret at all');
          const stopped = await run.logged('stopped');
          assert.equal(stopped['code'], 'badauth');
          assert.match(stopped.message, /Check them in the configuration/);
          const { code, stdout } = await until('status 2', async () => {
            const ended = await status();
            return ended.code === 2 ? ended : undefined;
          });
          assert.deepEqual([code, stdout.includes('STOPPED')], [2, true]);
          site.configure('jitter: 0.1\n');
          await run.logged('reloaded', 3);
          home.write('home.token', site.secret);
          await run.logged('recovered');
          assert.deepEqual(await site.dns(), ['9.9.9.11', '2620:fe::fe']);
        },
      );
      const ended = await run.stop();
      assert.equal(ended.code, 0);
      for (const line of run.lines()) {
        assert.ok(!Number.isNaN(Date.parse(line.time)) && line.time.endsWith('Z'), 'A-8.1');
        if (line['trace'] !== undefined) assert.match(line['trace'] as string, /^[0-9a-f]{16}$/);
      }
      assert.equal((await status()).code, 3, 'no agent runs');
    },
  );

  await t.test('dig sees what the agent has sent', async (t) => {
    const dig = needProgram(t, 'dig');
    if (dig === undefined) return;
    for (const [type, address] of [
      ['A', '9.9.9.11'],
      ['AAAA', '2620:fe::fe'],
    ] as const) {
      const asked = await run(dig, ['@127.0.0.1', '-p', String(site.dnsPort), '+short', HOST, type]);
      assert.equal(asked.stdout.trim(), address, asked.output);
    }
  });

  await t.test('A-7.1 a state that cannot be read is set aside, and begun anew with a warning', async () => {
    writeFileSync(join(home.state, 'state.json'), '{"half":');
    const ended = await runHere(home, ['once', ...home.places]);
    assert.equal(ended.code, 0);
    assert.match(ended.stdout, /"level":"warn".*set aside/);
    assert.ok(existsSync(join(home.state, 'state.json.unreadable')));
    const { hosts } = JSON.parse((await runHere(home, ['status', '--json', ...home.places])).stdout) as {
      hosts: readonly { ipv4: { address: string } }[];
    };
    assert.equal(hosts[0]!.ipv4.address, '9.9.9.11');
  });
});

test('A-9.4 a process of its own starts, holds its place and ends in time, by signal and by file', async (t) => {
  const home = newHome(t, 'a secret of a process');
  home.write(
    'agent.yaml',
    `servers: { home: { url: 'http://127.0.0.1:9', secret: { file: ${home.secretFile} }, dns: [] } }
hosts: [{ name: a.example.org, ipv6: false }]
detect: { ipv4: { sources: ['command:echo 9.9.9.9'] } }
log: { level: debug }
`,
  );
  const first = startProcess(t, ['run', ...home.places]);
  await until('the first failure', () =>
    first.written.stdout.includes('"event":"failed"') ? true : undefined,
  );
  // The state is written with the next look around.
  const status = await until('status 1: a host failed, and is tried again', async () => {
    const ended = await runHere(home, ['status', ...home.places]);
    return ended.code === 1 ? ended : undefined;
  });
  assert.match(status.stdout, new RegExp(`process ${first.child.pid}`));
  const failure = JSON.parse(
    first.written.stdout.split('\n').find((line) => line.includes('"event":"failed"'))!,
  ) as LogLine;
  assert.equal(failure['attempt'], 0, 'A-8.1');
  const next = Date.parse(failure['next'] as string);
  assert.ok(next > Date.parse(failure.time));
  assert.equal((await runHere(home, ['once', ...home.places])).code, 75);
  let start = performance.now();
  first.child.kill('SIGTERM');
  assert.equal((await first.ended).code, 0);
  assert.ok(performance.now() - start < 5000);
  assert.match(first.written.stdout, /"event":"ended"/);
  home.inspect(first.written.stdout + first.written.stderr);

  // Killed without a word, it leaves nothing that has to be removed by hand.
  const second = startProcess(t, ['run', ...home.places]);
  await until('the start', () => (second.written.stdout.includes('"started"') ? true : undefined));
  second.child.kill('SIGKILL');
  await second.ended;
  const third = startHere(t, home);
  await third.logged('started');
  start = performance.now();
  writeFileSync(join(home.state, 'stop'), '');
  await third.logged('ended');
  assert.ok(performance.now() - start < 5000);
  assert.ok(!existsSync(join(home.state, 'stop')));
  const failed = third.lines().find(({ event }) => event === 'failed');
  // It is drawn at random, and may be over by now.
  assert.ok(
    failed === undefined || Date.parse(failed.time) >= next,
    'the back-off of the first process is kept',
  );
});

test('A-2.2 the file wake, which a service host makes, starts a round at once', async (t) => {
  const server = await startScriptedServer({ script: { status: 200, body: 'good' } });
  t.after(() => server.close());
  const home = newHome(t, 'a secret of a sleeper');
  const address = home.write('address', '9.9.9.9');
  home.write(
    'agent.yaml',
    `interval: 1d
startSpread: 0s
servers: { home: { url: '${server.url}', secret: { file: ${home.secretFile} }, dns: [] } }
hosts: [{ name: a.example.org, ipv6: false }]
detect: { ipv4: { sources: ['command:cat ${address}'] } }
`,
  );
  const run = startHere(t, home);
  await run.logged('changed');
  home.write('address', '9.9.9.10');
  writeFileSync(join(home.state, 'wake'), '');
  assert.deepEqual((await run.logged('changed', 2))['addresses'], ['9.9.9.10']);
  assert.ok(!existsSync(join(home.state, 'wake')));
  assert.equal((await run.stop()).code, 0);
});

test('A-9 exit codes of wrong arguments and configurations', async (t) => {
  const home = newHome(t, 'unused secret words');
  assert.equal((await runHere(home, ['bogus'])).code, 64);
  assert.equal((await runHere(home, ['run', '--bogus'])).code, 64);
  assert.equal((await runHere(home, ['--help'])).code, 0);
  assert.match((await runHere(home, ['version'])).stdout, /^\d+\.\d+\.\d+/);
  const missing = await runHere(home, ['once', ...home.places]);
  assert.equal(missing.code, 78);
  assert.match(missing.stderr, /does not exist/);
});
