/**
 * The programs of other people that a test runs: where they are, and what they see.
 * Invariant: a test whose program is missing is skipped by name, never passed.
 */
import assert from 'node:assert/strict';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';
import { administer } from './administer.ts';
import { type HomingProcess, run, startHoming, temporaryDirectory } from './homing-process.ts';

/** The path of a program, or undefined where the machine lacks it. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false; // not there, or not executable: the next folder may have it
      }
    });
}

/** The path of a program; without it the test is skipped and the result is undefined. */
export function needProgram(t: TestContext, name: string): string | undefined {
  const path = findProgram(name);
  if (path === undefined) t.skip(`needs ${name}`);
  return path;
}

/** Names and credentials that every scenario has; the zone also publishes loopback addresses. */
export const ZONE = 'dyn.test';
/** The owner of `HOSTS`. */
export const ACCOUNT = 'alice';
/** Holds what shells, URLs and configuration files treat specially, where all clients here can carry it. */
export const PASSWORD = 'Blue-Hen.7_fly';
/** The hosts, without an address at the start. */
export const HOSTS = ['home.dyn.test', 'vpn.dyn.test'] as const;

/** A running server with the zone, the account, its hosts and a token; ended and removed with the test. */
export async function startScenario(
  t: TestContext,
  options: { args?: readonly string[]; env?: NodeJS.ProcessEnv } = {},
): Promise<HomingProcess & { readonly token: string }> {
  const data = await temporaryDirectory(t);
  const env = { HOMING_PASSWORDS_COST: '10', ...options.env };
  const server = await startHoming(data, { ...options, env });
  t.after(() => server.end('SIGTERM'));
  const secret = await administer(data, async (carryOut) => {
    const zone = { kind: 'zone-add', apex: ZONE, nameServers: [], addresses: [], accept: 'any' } as const;
    await carryOut<'zone-add'>(zone);
    const account = { kind: 'account-add', name: ACCOUNT, admin: false, password: PASSWORD } as const;
    await carryOut<'account-add'>(account);
    for (const fqdn of HOSTS)
      await carryOut<'host-add'>({ kind: 'host-add', fqdn, account: ACCOUNT, ttl: 60, wildcard: false });
    const token = { kind: 'token-add', account: ACCOUNT, label: 'router' } as const;
    return (await carryOut<'token-add'>({ ...token, hosts: [] })).secret;
  });
  return Object.assign(server, { token: secret });
}

/** Asserts that `dig` and `kdig` see exactly these addresses of a host, over UDP and over TCP. */
export async function assertPublished(
  server: HomingProcess,
  host: string,
  expected: { ipv4?: string; ipv6?: string },
): Promise<void> {
  const tools = ['dig', 'kdig'].flatMap((name) => findProgram(name) ?? []);
  assert.ok(tools.length > 0, 'dig or kdig is needed to see the answer');
  const questions = tools.flatMap((tool) =>
    ['+notcp', '+tcp'].flatMap((transport) =>
      (['A', 'AAAA'] as const).map((type) => ({ tool, transport, type })),
    ),
  );
  const port = String(server.dnsPort);
  await Promise.all(
    questions.map(async ({ tool, transport, type }) => {
      const args = ['@127.0.0.1', '-p', port, '+norec', '+short', '+timeout=5', transport, host, type];
      const { status, stdout, output } = await run(tool, args);
      assert.equal(status, 0, output);
      assert.equal(stdout.trim(), (type === 'A' ? expected.ipv4 : expected.ipv6) ?? '', args.join(' '));
    }),
  );
}
