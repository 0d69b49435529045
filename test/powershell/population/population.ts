/**
 * A population of agents of the module in one engine, on a timeline of their own: `world.ps1`, and what tests ask of it.
 * Invariant: a population has an engine for itself, because it takes the place of the module's clock and sockets.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type TestContext } from 'node:test';
import { quote, startEngine } from '../engine.ts';

const WORLD = fileURLToPath(new URL('world.ps1', import.meta.url));

/** A request that reached the server, or would have. */
export interface WorldRequest {
  /** Milliseconds since the start. */
  readonly at: number;
  /** The number of the machine, from 0. */
  readonly agent: number;
  readonly host: string;
  /** What it was answered; '' where nobody listened. */
  readonly code: string;
  /** The `Retry-After` of the answer, or ''. */
  readonly retry: string;
  readonly addresses: string;
}

/** A population. */
export interface Population {
  /** Runs a script inside the module; `$script:World` and `$read`, the configuration, are there. */
  run(script: string): Promise<readonly string[]>;
  /** Goes on to this moment. */
  until(ms: number): Promise<void>;
  /** Every request so far. */
  sent(): Promise<readonly WorldRequest[]>;
  /** A value of the world, as JSON. */
  ask(script: string): Promise<unknown>;
}

/** Starts an engine with an empty world and a configuration of these hosts. */
export async function openPopulation(
  t: TestContext,
  host: string,
  { hosts = ['pc.dyn.example.org'], settings = {} }: { hosts?: readonly string[]; settings?: object } = {},
): Promise<Population> {
  const engine = await startEngine(host, { HOMING_TEST_TOKEN: 'a-token' });
  const folder = mkdtempSync(join(tmpdir(), 'homing-population-'));
  t.after(async () => {
    await engine.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const config = join(folder, 'agent.json');
  const document = {
    servers: { home: { url: 'https://ddns.example.org', secret: { env: 'HOMING_TEST_TOKEN' }, dns: [] } },
    hosts: hosts.map((name) => ({ name, ipv6: false })),
    log: { level: 'error' },
    ...settings,
  };
  writeFileSync(config, JSON.stringify(document));
  const run = (script: string): Promise<readonly string[]> =>
    engine.run(`. (Get-Module Homing) { ${script} }`);
  await run(`. ${quote(WORLD)}; $script:read = Read-HomingConfiguration ${quote(config)}`);
  return {
    run,
    ask: (script) => engine.ask(script),
    until: async (ms) => {
      await run(`Step-World ${ms}`);
    },
    sent: async () => (await engine.ask(', $script:World.Sent.ToArray()')) as readonly WorldRequest[],
  };
}
