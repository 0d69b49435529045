/**
 * A link that really changes, in a network namespace of its own: both agents see it, and a round starts at once.
 * Rounds are a day apart, so that nothing else begins one. Skipped, with the reason, where namespaces cannot be had.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { MODULE, buildHost, cleanEnvironment } from '../powershell/engine.ts';

const host = await buildHost();
const MAIN = join(import.meta.dirname, '..', '..', 'clients', 'agent', 'src', 'main.ts');
const PAIR = 'ip link add link0 type veth peer name link1';
/** How long a change may take to be seen (four seconds at most) and looked into, on a machine that has much to do. */
const SOON_MS = 20_000;
/** And its start, before any of that. */
const START_MS = 80_000;

function lackOfNamespace(): string | false {
  const { status, error } = spawnSync('unshare', ['-rn', 'sh', '-c', PAIR]);
  if (error !== undefined) return 'needs unshare';
  return status === 0 ? false : 'needs user namespaces and veth (iproute2)';
}

const skip = lackOfNamespace();

/** An agent in a namespace with two ends of a cable and no address on them. */
interface Cabled {
  /** Runs a command beside the agent. */
  change(command: string): void;
  /** Waits for the `count`-th line of an event, and returns it. */
  logged(event: string, count: number, withinMs?: number): Promise<string>;
}

function startCabled(t: TestContext, command: (config: string, folder: string) => string): Cabled {
  const folder = mkdtempSync(join(tmpdir(), 'homing-link-'));
  const [config, log] = [join(folder, 'agent.json'), join(folder, 'agent.log')];
  const document = {
    interval: '1d',
    startSpread: '0s',
    servers: { home: { url: 'http://127.0.0.1:9', secret: { env: 'LINK_TOKEN' }, dns: [] } },
    hosts: [{ name: 'pc.dyn.example.org', ipv6: false }],
    detect: { ipv4: { sources: ['interface:link0'] } },
    log: { file: log, level: 'debug' },
  };
  writeFileSync(config, JSON.stringify(document));
  // What comes in is done beside the agent; at the end of it the agent is told to stop.
  const script = `ip link set lo up; ${PAIR}; ip link set link1 up
    ${command(config, folder)} & agent=$!
    while read -r line; do eval "$line"; done
    kill $agent; wait $agent`;
  const child = spawn('unshare', ['-rn', 'sh', '-c', script], {
    env: { ...cleanEnvironment(), LINK_TOKEN: 'a-token-of-the-link' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  const closed = once(child, 'close');
  t.after(async () => {
    child.stdin.end();
    await closed;
    rmSync(folder, { recursive: true, force: true });
  });
  const lines = (event: string): string[] =>
    (existsSync(log) ? readFileSync(log, 'utf8') : '')
      .split('\n')
      .filter((line) => line.includes(`"event":"${event}"`));
  return {
    change: (line) => {
      child.stdin.write(`${line}\n`);
    },
    logged: async (event, count, withinMs = SOON_MS) => {
      for (const end = Date.now() + withinMs; ;) {
        const found = lines(event)[count - 1];
        if (found !== undefined) return found;
        assert.ok(Date.now() < end, `${event} for the ${count}. time: ${output}`);
        await sleep(50);
      }
    },
  };
}

async function assertSeen(cabled: Cabled): Promise<void> {
  await cabled.logged('undetected', 1, START_MS);
  cabled.change('ip link set link0 up; ip addr add 10.9.9.9/24 dev link0');
  assert.match(
    await cabled.logged('undetected', 2),
    /link0/,
    'an address that is no use, and a round for it',
  );
  cabled.change('ip addr add 9.9.9.9/24 dev link0');
  assert.match(await cabled.logged('failed', 1), /"addresses":\["9\.9\.9\.9"\]/, 'found and sent');
}

test('A-2.2 the TypeScript agent looks at once when a link changes', { skip }, (t) =>
  assertSeen(
    startCabled(
      t,
      (config, folder) => `'${process.execPath}' '${MAIN}' run --config '${config}' --state '${folder}'`,
    ),
  ),
);

test('A-2.2 the module looks at once when a link changes', { skip: 'skip' in host ? host.skip : skip }, (t) =>
  assertSeen(
    startCabled(
      t,
      (config) =>
        `dotnet '${'path' in host ? host.path : ''}' -File '${join(MODULE, 'agent.ps1')}' run -Path '${config}'`,
    ),
  ),
);
