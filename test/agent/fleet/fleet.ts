/**
 * A fleet on one machine: many agents enrol with one code, publish their addresses, and then all change them within a
 * short time. Invariant: what is measured was seen in answers of the name server, from the moment that an agent knew of
 * its new address to the moment that it read it there.
 */
import assert from 'node:assert/strict';
import { Resolver } from 'node:dns/promises';
import { enrol, type Enrolled, serverOfUrl } from '../../../clients/agent/src/enrol/enrol.ts';
import { type Connections, createConnections } from '../../../clients/agent/src/http/connections.ts';
import type { ServerConfig } from '../../../clients/agent/src/config/agent-config.ts';
import { administer } from '../../interop/administer.ts';
import { createMember, type Member } from './member.ts';

/** The server to try it with, and how. */
export interface FleetOptions {
  readonly dataDirectory: string;
  readonly httpPort: number;
  readonly dnsPort: number;
  readonly agents: number;
  /** All machines start within this time, and later change their address within it, in ms. */
  readonly changeWithinMs: number;
  readonly startSpreadMs: number;
  readonly say: (line: string) => void;
}

/** Milliseconds from the detection of an address to its DNS answer, and how long the steps took, in ms. */
export interface FleetReport {
  readonly agents: number;
  readonly enrolMs: number;
  readonly publishMs: number;
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
  readonly warnings: readonly string[];
}

const ZONE = 'shops.test';
const TICK_MS = 100;
/** As many machines enrol at once. */
const ENROLLING = 32;
/** A fleet that is not right after this long is not coming. */
const PATIENCE_MS = 120_000;

/** Runs all of it; throws where a name is wrong in the end. */
export async function runFleet(options: FleetOptions): Promise<FleetReport> {
  const { agents, say } = options;
  const abort = new AbortController();
  const warnings: string[] = [];
  const code = await createCode(options);
  const server = serverOf(options);
  const lines = Array.from({ length: agents }, () =>
    createConnections(server, { proxy: {}, platform: 'linux' }),
  );
  let begin = performance.now();
  const enrolled = await enrolAll(server, code, lines);
  const enrolMs = performance.now() - begin;
  say(`${agents} machines enrolled in ${Math.round(enrolMs)} ms, ${Math.round((agents / enrolMs) * 1000)}/s`);

  begin = performance.now();
  const members = enrolled.map((one, i) =>
    createMember({
      enrolled: one,
      address: addressOf(i, 0),
      server,
      connections: lines[i]!,
      dns: `127.0.0.1:${options.dnsPort}`,
      startSpreadMs: options.startSpreadMs,
      signal: abort.signal,
      warn: (message) => warnings.push(message),
    }),
  );
  const ticking = setInterval(() => {
    for (const member of members) member.tick();
  }, TICK_MS);
  try {
    await published(members, 0);
    const publishMs = performance.now() - begin;
    await checkNames(options, members, 0);
    say(`all names are right in DNS, ${Math.round(publishMs)} ms after the start`);
    const moved = await moveAll(options, members);
    await published(members, 1);
    await checkNames(options, members, 1);
    const delays = members.map(({ published: seen }, i) => seen!.at - moved[i]!).sort((a, b) => a - b);
    return {
      ...{ agents, enrolMs, publishMs, warnings },
      p50: quantile(delays, 0.5),
      p99: quantile(delays, 0.99),
      longest: delays.at(-1)!,
    };
  } finally {
    clearInterval(ticking);
    abort.abort();
    await Promise.all(lines.map((connections) => connections.close()));
  }
}

function serverOf({ httpPort }: FleetOptions): ServerConfig {
  const server = serverOfUrl(`http://127.0.0.1:${httpPort}`, { allowHttp: false, proxy: 'none' });
  assert.ok(server.ok);
  return server.value;
}

async function createCode({ dataDirectory, agents }: FleetOptions): Promise<string> {
  return await administer(dataDirectory, async (carryOut) => {
    const nameServers = ['ns1.shops.test'];
    const addresses = [{ name: nameServers[0]!, address: '127.0.0.1' }];
    await carryOut<'zone-add'>({ kind: 'zone-add', apex: ZONE, nameServers, addresses, accept: 'any' });
    await carryOut<'account-add'>({ kind: 'account-add', name: 'shops', admin: false, password: null });
    const { code } = await carryOut<'enroll-create'>({
      ...{ kind: 'enroll-create', account: 'shops', zone: ZONE, pattern: 'shop-{serial}' },
      ...{ uses: agents, lifetimeSeconds: 3600, by: 'test' },
    });
    return code;
  });
}

async function enrolAll(
  server: ServerConfig,
  code: string,
  lines: readonly Connections[],
): Promise<readonly Enrolled[]> {
  const made: Enrolled[] = [];
  let next = 0;
  const enrolSome = async (): Promise<void> => {
    for (let i = next++; i < lines.length; i = next++) {
      const machine = { server: server.url, code, name: `PC-${i}`, serial: `S${String(i).padStart(5, '0')}` };
      const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
      const result = await enrol(machine, { connections: lines[i]!, userAgent: 'fleet', wait });
      assert.ok(result.ok, result.ok ? '' : `machine ${i}: ${result.reason}`);
      made[i] = result.enrolled;
    }
  };
  await Promise.all(Array.from({ length: ENROLLING }, enrolSome));
  return made;
}

/** Gives each member a new address at a time of its own; answers with those times. */
async function moveAll(
  { changeWithinMs }: FleetOptions,
  members: readonly Member[],
): Promise<readonly number[]> {
  return await Promise.all(
    members.map(
      (member, i) =>
        new Promise<number>((resolve) => {
          setTimeout(() => {
            resolve(performance.now());
            member.move(addressOf(i, 1));
          }, Math.random() * changeWithinMs);
        }),
    ),
  );
}

async function published(members: readonly Member[], phase: number): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  const missing = (): number =>
    members.findIndex((member, i) => member.published?.address !== addressOf(i, phase));
  for (let i = missing(); i !== -1; i = missing()) {
    assert.ok(performance.now() < until, `${members[i]!.host} never came to DNS`);
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
}

/** Asks for every name once more, whatever the members have seen. */
async function checkNames(
  { dnsPort }: FleetOptions,
  members: readonly Member[],
  phase: number,
): Promise<void> {
  const resolver = new Resolver({ timeout: 2000, tries: 3 });
  resolver.setServers([`127.0.0.1:${dnsPort}`]);
  for (let from = 0; from < members.length; from += ENROLLING)
    await Promise.all(
      members.slice(from, from + ENROLLING).map(async ({ host }, i) => {
        assert.deepEqual(await resolver.resolve4(host), [addressOf(from + i, phase)], host);
      }),
    );
}

function addressOf(i: number, phase: number): string {
  return `${9 + phase}.${i >> 8}.${i & 255}.7`;
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}
