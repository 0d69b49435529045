/**
 * The hosts of the core: made of a plan and of what is remembered, changed with the configuration, remembered
 * again. Invariant: what a server acknowledged outlives every configuration that still names it.
 */
import { type CoreContext, hold } from './core-context.ts';
import type { HostPlan, Memory, Plan } from './core-types.ts';
import { newHostRecord } from './host-record.ts';
import { newHostRun, toElapsed, toWall } from './host-run.ts';
import type { Moment } from './moment.ts';
import { createServerGate } from './server-gate.ts';

/** Adds a host with what is remembered of it and of its server. */
export function addHost(core: CoreContext, plan: HostPlan, memory: Memory): void {
  const known = memory.hosts.get(plan.key);
  const record = known?.place === plan.place ? known : newHostRecord(plan.place);
  if (record.stop !== undefined && record.stop.fingerprint !== plan.fingerprint) record.stop = undefined;
  const run = newHostRun(plan, record, core.now);
  core.hosts.set(plan.key, run);
  if (!core.gates.has(plan.server)) {
    const before = memory.servers.get(plan.server);
    const probeAt = toElapsed(before?.probeAt, core.now);
    core.gates.set(
      plan.server,
      createServerGate(core.random, {
        failures: before?.failures ?? 0,
        ...(probeAt === undefined ? {} : { probeAt }),
      }),
    );
  }
  if (core.gates.get(plan.server)!.open && record.failures > 0) hold(run);
}

/** Takes up a new configuration: hosts that it does not change go on as they were. */
export function configure(core: CoreContext, plan: Plan): void {
  const before = new Map(core.hosts);
  const memory = remember(core, core.now);
  const kept = (host: HostPlan): boolean => {
    const known = before.get(host.key)?.plan;
    return known?.fingerprint === host.fingerprint && known.place === host.place;
  };
  core.plan = plan;
  core.hosts.clear();
  for (const { plan: old } of before.values())
    if (!plan.hosts.some((host) => host.key === old.key && kept(host)))
      core.gates.get(old.server)!.release(old.key, core.now.elapsed);
  // What was wrong with a server may be mended: its circuit closes. A Retry-After stays.
  for (const host of plan.hosts) if (!kept(host)) core.gates.get(host.server)?.close();
  for (const host of plan.hosts) {
    if (kept(host)) {
      const run = before.get(host.key)!;
      run.plan = host;
      core.hosts.set(host.key, run);
    } else {
      addHost(core, host, { ...memory, servers: new Map() });
      core.hosts.get(host.key)!.due = undefined;
    }
  }
  for (const server of [...core.gates.keys()])
    if (!plan.hosts.some((host) => host.server === server)) core.gates.delete(server);
  core.effects.push({ kind: 'save' });
}

/** What to keep on disk, with times of the wall clock. */
export function remember(core: CoreContext, now: Moment): Memory {
  const hosts = new Map(
    [...core.hosts].map(([key, run]) => {
      const gate = core.gates.get(run.plan.server)!;
      run.record.next = toWall(run.held ? gate.probeAt : run.due, now);
      run.record.notBefore = toWall(run.notBefore, now);
      return [key, run.record];
    }),
  );
  const servers = new Map(
    [...core.gates].map(([name, gate]) => [
      name,
      { failures: gate.failures, probeAt: toWall(gate.probeAt, now) },
    ]),
  );
  return { hosts, servers };
}
