/**
 * One agent of a fleet: the core of the real one, its real enrolment, requests and DNS questions, and a line whose
 * address is told to it instead of being looked for. Invariant: whatever the core asks for is done over real sockets.
 */
import type { ServerConfig } from '../../../clients/agent/src/config/agent-config.ts';
import type { Enrolled } from '../../../clients/agent/src/enrol/enrol.ts';
import type { Connections } from '../../../clients/agent/src/http/connections.ts';
import { type AgentCore, createAgentCore } from '../../../clients/agent/src/schedule/core.ts';
import type { AgentEvent, Effect, Plan } from '../../../clients/agent/src/schedule/core-types.ts';
import { addressesOf } from '../../../clients/agent/src/schedule/entries.ts';
import type { Moment } from '../../../clients/agent/src/schedule/moment.ts';
import { sendUpdate } from '../../../clients/agent/src/update/request.ts';
import { verifyHost } from '../../../clients/agent/src/verify/verify.ts';

/** What a member needs. */
export interface MemberOptions {
  readonly enrolled: Enrolled;
  readonly server: ServerConfig;
  readonly connections: Connections;
  /** `ADDRESS:PORT` of the name server. */
  readonly dns: string;
  readonly startSpreadMs: number;
  readonly signal: AbortSignal;
  /** A message that is not part of normal work. */
  readonly warn: (message: string) => void;
}

/** A member of the fleet. */
export interface Member {
  readonly host: string;
  /** What DNS answers with, as far as the member has seen, and when it saw it (ms of the monotonic clock). */
  readonly published: { readonly address: string; readonly at: number } | undefined;
  /** The line has another address from now on. */
  move(address: string): void;
  /** To be called a few times a second. */
  tick(): void;
}

const now = (): Moment => ({ wall: Date.now(), elapsed: performance.now() });
const LOOK = 'line';

/** A member whose line has this address; its first round comes within the spread of a start. */
export function createMember(options: MemberOptions & { readonly address: string }): Member {
  const { enrolled, server } = options;
  const core: AgentCore = createAgentCore({
    plan: planOf(options),
    memory: { hosts: new Map(), servers: new Map() },
    now: now(),
    random: Math.random,
  });
  let { address } = options;
  let published: { address: string; at: number } | undefined;
  const tell = (event: AgentEvent): void => {
    for (const effect of core.handle(event, now())) carryOut(effect);
  };
  const carryOut = (effect: Effect): void => {
    switch (effect.kind) {
      case 'look':
        tell({ kind: 'looked', look: effect.look, address, answers: [{ source: LOOK, address }] });
        return;
      case 'send':
        void send(effect, { ...options, secret: enrolled.token, user: enrolled.user }).then(tell);
        return;
      case 'verify':
        void verify(effect, options).then((event) => {
          if (event.result === 'there')
            published = { address: addressesOf(effect.sent)[0]!, at: performance.now() };
          tell(event);
        });
        return;
      case 'log':
        if (effect.entry.level === 'warn' || effect.entry.level === 'error')
          options.warn(effect.entry.message);
        return;
      case 'save':
        return;
    }
  };
  // All machines were switched on together: the agent spreads that itself.
  tell({ kind: 'woke' });
  return {
    host: enrolled.host,
    get published() {
      return published;
    },
    move: (next) => {
      address = next;
      tell({ kind: 'interfaces-changed' });
    },
    tick: () => {
      if (core.nextDue() <= performance.now()) tell({ kind: 'tick' });
    },
  };
  function planOf({ startSpreadMs }: MemberOptions): Plan {
    const host = {
      ...{ key: `${enrolled.host}@home`, name: enrolled.host, server: 'home', looks: { ipv4: LOOK } },
      ...{ place: server.url, fingerprint: 'one', credential: 'one', families: 'together' as const },
    };
    return { intervalMs: 300_000, jitter: 0.1, refreshMs: 24 * 86_400_000, startSpreadMs, hosts: [host] };
  }
}

async function send(
  { host, sent, trace }: Extract<Effect, { kind: 'send' }>,
  member: MemberOptions & { readonly secret: string; readonly user: string },
): Promise<AgentEvent> {
  const start = performance.now();
  const outcome = await sendUpdate(
    {
      server: { ...member.server, user: member.user },
      secret: member.secret,
      host: member.enrolled.host,
      addresses: addressesOf(sent),
      userAgent: 'Homing-Agent/0 (fleet; test)',
    },
    { connections: member.connections, signal: member.signal, now: Date.now },
  );
  return { kind: 'replied', host, trace, outcome, elapsedMs: performance.now() - start };
}

async function verify(
  { host, sent }: Extract<Effect, { kind: 'verify' }>,
  { enrolled, dns, signal }: MemberOptions,
): Promise<Extract<AgentEvent, { kind: 'verified' }>> {
  const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  const result = await verifyHost({ host: enrolled.host, sent, authorities: [dns] }, { wait, signal });
  return { kind: 'verified', host, sent, result };
}
