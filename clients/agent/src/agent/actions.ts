/**
 * What the core asks for, done for real: looks, updates, verifications. Each ends in the event that the core waits for,
 * whatever happens; no failure leaves here as an exception.
 */
import type { Family } from '../config/agent-config.ts';
import { look } from '../detect/look.ts';
import type { Platform } from '../platform/platform.ts';
import type { AgentEvent, Effect } from '../schedule/core-types.ts';
import { addressesOf } from '../schedule/entries.ts';
import type { Moment } from '../schedule/moment.ts';
import { sendUpdate } from '../update/request.ts';
import { findAuthorities } from '../verify/authority.ts';
import { verifyHost } from '../verify/verify.ts';
import { userAgent } from '../version.ts';
import type { Setup } from './setup.ts';

/** What the actions need. */
export interface ActionContext {
  /** The configuration in force. */
  readonly setup: () => Setup;
  readonly platform: Platform;
  readonly moment: () => Moment;
  /** Ends whatever is under way. */
  readonly signal: AbortSignal;
  /** The address that was acknowledged for a host. */
  readonly acknowledged: (host: string, family: Family) => string | undefined;
  /** Says, once for each host, that nobody can verify it. */
  readonly warnUnverifiable: (host: string) => void;
}

/** Looks for the address of a family. */
export async function carryOutLook(key: string, context: ActionContext): Promise<AgentEvent> {
  const { platform, signal } = context;
  const { looks, connections, plan } = context.setup();
  const known = looks.get(key);
  const used = known === undefined ? undefined : connections.get(known.server.name);
  // A new configuration does not know it any more; the hosts that waited for it are gone too.
  if (known === undefined || used === undefined)
    return { kind: 'looked', look: key, address: undefined, answers: [] };
  const host = plan.hosts.find((entry) => entry.looks[known.family] === key);
  const result = await look(known, {
    connections: used,
    userAgent: userAgent(platform.system),
    interfaces: (aborted) => platform.interfaces(aborted),
    before: host === undefined ? undefined : context.acknowledged(host.key, known.family),
    signal,
  });
  return { kind: 'looked', look: key, ...result };
}

/** Sends an update. */
export async function carryOutSend(
  { host, sent, trace }: Extract<Effect, { kind: 'send' }>,
  context: ActionContext,
): Promise<AgentEvent> {
  const { platform, signal, moment } = context;
  const { hosts, connections } = context.setup();
  const { config, server, secret } = hosts.get(host)!;
  const start = moment().elapsed;
  const outcome = await sendUpdate(
    {
      server,
      secret,
      host: config.name,
      addresses: addressesOf(sent),
      userAgent: userAgent(platform.system),
    },
    { connections: connections.get(server.name)!, signal, now: () => moment().wall },
  );
  return { kind: 'replied', host, trace, outcome, elapsedMs: Math.round(moment().elapsed - start) };
}

/** Asks the name servers whether an update has arrived. */
export async function carryOutVerify(
  { host, sent }: Extract<Effect, { kind: 'verify' }>,
  context: ActionContext,
): Promise<AgentEvent> {
  const { config, server } = context.setup().hosts.get(host)!;
  const authorities = await findAuthorities(config.name, server.dns);
  if (authorities.length === 0 && server.dns?.length !== 0) context.warnUnverifiable(config.name);
  const result = await verifyHost(
    { host: config.name, sent, authorities },
    { wait: (ms) => pause(ms, context.signal), signal: context.signal },
  );
  return { kind: 'verified', host, sent, result };
}

/** Waits; less where `signal` fires. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  if (ms === 0 || signal?.aborted === true) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener('abort', end, { once: true });
  });
}
