/**
 * An agent of the module on a clock that jumps from one thing that is due to the next, against a real server over real
 * sockets: time stands still while an exchange is under way.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { ScriptedReply } from '../clients/scripted/reply.ts';
import { type ScriptedServer, startScriptedServer } from '../clients/scripted/server.ts';
import { type Engine, quote } from './engine.ts';

/** What stands in the log, as far as tests ask. */
export interface LogLine {
  readonly time: string;
  readonly level: string;
  readonly event: string;
  readonly message: string;
  readonly trace?: string;
  readonly host?: string;
  readonly code?: string;
  readonly attempt?: number;
  readonly next?: string;
  readonly addresses?: readonly string[];
}

/** An update that the server read, at which simulated minute. */
export interface SeenUpdate {
  readonly minute: number;
  readonly host: string;
  readonly addresses: string;
}

/** A machine with an agent and its server. */
export interface World {
  readonly engine: Engine;
  readonly server: ScriptedServer;
  readonly folder: string;
  readonly updates: SeenUpdate[];
  readonly looks: number[];
  /** The address that the machine has, and what an update is answered; both may be changed while it runs. */
  address: string;
  reply: (update: SeenUpdate) => ScriptedReply;
  /** Simulated minutes since the start. */
  minute(): number;
  /** Runs the agent for so many simulated minutes; `at` does things at a minute, in PowerShell. */
  live(minutes: number, at?: Readonly<Record<number, string>>): Promise<void>;
  log(): LogLine[];
  state(): { readonly hosts: Readonly<Record<string, Record<string, unknown>>> };
  configure(document: Readonly<Record<string, unknown>>): void;
}

const CLOCK = `
  $script:Sim = @{ Start = [datetime]::new(2030, 1, 1, 0, 0, 0, [DateTimeKind]::Utc); Elapsed = 0.0; Wall = [datetime]::new(2030, 1, 1, 0, 0, 0, [DateTimeKind]::Utc); Random = [Random]::new(7); Events = @{}; File = '' }
  function script:Step-Sim([double] $Milliseconds) {
    $script:Sim.Elapsed += $Milliseconds
    $script:Sim.Wall = $script:Sim.Wall.AddMilliseconds($Milliseconds)
    [IO.File]::WriteAllText($script:Sim.File, $script:Sim.Elapsed.ToString([cultureinfo]::InvariantCulture))
  }
  $script:HomingClock = @{
    UtcNow = { $script:Sim.Wall }
    Elapsed = { $script:Sim.Elapsed }
    Uptime = { 1e9 }
    Random = { $script:Sim.Random.NextDouble() }
    Slice = 900000
    Idle = {
      param($Milliseconds)
      Step-Sim $Milliseconds
      foreach ($minute in @($script:Sim.Events.Keys)) {
        if ($script:Sim.Elapsed -ge 60000.0 * $minute) { $do = $script:Sim.Events[$minute]; $script:Sim.Events.Remove($minute); & $do }
      }
    }
  }
  $script:SimAgent = $null`;

/** A world with one host; `hosts` names more. */
export async function createWorld(
  t: TestContext,
  engine: Engine,
  { hosts = ['pc.dyn.example.org'], settings = {} }: { hosts?: readonly string[]; settings?: object } = {},
): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'homing-simulated-'));
  const clock = join(folder, 'clock');
  writeFileSync(clock, '0');
  const server = await startScriptedServer();
  t.after(async () => {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  await engine.run(`. (Get-Module Homing) { ${CLOCK}; $script:Sim.File = ${quote(clock)} }`);
  const minute = (): number => Number(readFileSync(clock, 'utf8')) / 60_000;
  const path = join(folder, 'agent.json');
  const world: World = {
    engine,
    server,
    folder,
    updates: [],
    looks: [],
    address: '9.9.9.9',
    reply: () => ({ status: 200, body: 'good' }),
    minute,
    async live(minutes, at = {}) {
      const events = Object.entries(at).map(
        ([when, script]) => `$script:Sim.Events[${when}] = { ${script} }`,
      );
      await engine.run(`. (Get-Module Homing) {
        ${events.join('; ')}
        if ($null -eq $script:SimAgent) { $script:SimAgent = New-HomingAgent (Read-HomingConfiguration ${quote(path)}) ${quote(folder)} $null }
        Invoke-HomingAgent $script:SimAgent ($script:Sim.Elapsed + ${Math.round(minutes * 60_000)})
      }`);
    },
    log: () =>
      readFileSync(join(folder, 'agent.log'), 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as LogLine),
    state: () => JSON.parse(readFileSync(join(folder, 'state.json'), 'utf8')) as ReturnType<World['state']>,
    configure(document) {
      writeFileSync(path, JSON.stringify(document));
    },
  };
  server.say(({ path }) => {
    const target = new URL(path, 'http://server');
    if (target.pathname === '/ip') {
      world.looks.push(minute());
      return { status: 200, body: world.address };
    }
    const update = {
      minute: minute(),
      host: target.searchParams.get('hostname')!,
      addresses: target.searchParams.get('myip')!,
    };
    world.updates.push(update);
    return world.reply(update);
  });
  world.configure({
    servers: {
      home: { url: `http://127.0.0.1:${server.port}`, secret: { env: 'HOMING_TEST_TOKEN' }, dns: [] },
    },
    hosts: hosts.map((name) => ({ name, ipv6: false })),
    detect: { ipv4: { sources: ['server'] } },
    log: { level: 'debug' },
    ...settings,
  });
  return world;
}
