/** What a reply changes: the host, the hosts that share its credential, the circuit of its server. */
import type { Outcome } from '../update/reply.ts';
import { TROUBLED, backOffDelay } from './back-off.ts';
import { type CoreContext, hold } from './core-context.ts';
import type { AgentEvent } from './core-types.ts';
import { addressesOf, entryOf } from './entries.ts';
import { acknowledge } from './host-record.ts';
import { type HostRun, toWall } from './host-run.ts';
import { spreadDelay } from './server-gate.ts';

type Replied = Extract<AgentEvent, { kind: 'replied' }>;

/** Takes the end of a request. A host that the configuration has changed or dropped meanwhile learns nothing of it. */
export function settleReply(core: CoreContext, event: Replied): void {
  const run = core.hosts.get(event.host);
  if (run?.phase !== 'sending' || run.trace !== event.trace) {
    for (const gate of core.gates.values()) gate.ended(event.host);
    return;
  }
  const { outcome } = event;
  const troubled = (run.record.reply?.outcome ?? 'done') !== 'done';
  const words = outcome.kind === 'done' ? describeDone(run, outcome.code) : outcome.words;
  run.record.reply = { at: core.now.wall, outcome: outcome.kind, code: outcome.code, words };
  run.phase = 'idle';
  if (outcome.kind === 'done') settleDone(core, run, { ...event, outcome }, troubled);
  else {
    run.requests = [];
    run.notBefore = outcome.retryAfterMs === undefined ? undefined : core.now.elapsed + outcome.retryAfterMs;
    if (outcome.kind === 'stopped') settleStopped(core, run, { ...event, outcome });
    else settleFailed(core, run, { ...event, outcome });
  }
  core.effects.push({ kind: 'save' });
}

type Settled<K extends Outcome['kind']> = Replied & { readonly outcome: Extract<Outcome, { kind: K }> };

function settleDone(
  core: CoreContext,
  run: HostRun,
  { outcome, elapsedMs }: Settled<'done'>,
  troubled: boolean,
): void {
  const { record } = run;
  const sent = run.requests.shift()!;
  const change = acknowledge(record, sent, core.now.wall);
  record.failures = 0;
  record.stop = undefined;
  record.verified = undefined;
  const event = change === 'changed' ? 'changed' : outcome.code === 'good' ? 'refreshed' : 'unchanged';
  core.effects.push(entryOf(run, { event, sent, code: outcome.code, elapsedMs }));
  if (troubled) core.effects.push(entryOf(run, { event: 'recovered', sent, code: outcome.code, elapsedMs }));
  serverWorked(core, run);
  core.effects.push({ kind: 'verify', host: run.plan.key, sent, trace: run.trace });
  if (run.requests.length > 0) run.phase = 'queued';
}

function settleStopped(core: CoreContext, run: HostRun, { outcome, elapsedMs }: Settled<'stopped'>): void {
  const { code, words } = outcome;
  const sent = run.found;
  // The others are as wrong as this one, and asking would only lock the account.
  const shared = (other: HostRun): boolean =>
    code === 'badauth' && other.plan.credential === run.plan.credential && other.phase !== 'sending';
  for (const other of core.hosts.values()) {
    if (other !== run && (!shared(other) || other.record.stop !== undefined)) continue;
    other.record.stop = { at: core.now.wall, code, fingerprint: other.plan.fingerprint };
    other.record.reply = run.record.reply;
    other.record.failures = 0;
    other.due = undefined;
    other.held = false;
    other.phase = 'idle';
    other.awaiting.clear();
    if (other !== run) other.trace = run.trace;
    core.effects.push(entryOf(other, { event: 'stopped', sent, code, words, elapsedMs, report: true }));
  }
  serverWorked(core, run);
}

function settleFailed(core: CoreContext, run: HostRun, { outcome, elapsedMs }: Settled<'failed'>): void {
  const { record, plan } = run;
  const { code, words, retryAfterMs } = outcome;
  const gate = core.gates.get(plan.server)!;
  const now = core.now.elapsed;
  const first = record.failures === 0;
  const attempt = code === '911' || code === 'dnserr' ? Math.max(record.failures, TROUBLED) : record.failures;
  record.failures = attempt + 1;
  const wasOpen = gate.open;
  run.due = now + Math.max(backOffDelay(attempt, core.random), retryAfterMs ?? 0);
  const open = gate.failed(plan.key, now);
  if (open) holdAll(core, plan.server);
  const next = toWall(open ? Math.max(gate.probeAt!, run.notBefore ?? 0) : run.due, core.now);
  const report = first || (open && !wasOpen);
  core.effects.push(
    entryOf(run, { event: 'failed', sent: run.found, code, words, attempt, next, elapsedMs, report }),
  );
}

function serverWorked(core: CoreContext, run: HostRun): void {
  const { server, key } = run.plan;
  if (!core.gates.get(server)!.worked(key)) return;
  const waiting = [...core.hosts.values()].filter((other) => other.held && other.plan.server === server);
  for (const other of waiting) {
    other.held = false;
    other.due = core.now.elapsed + spreadDelay(waiting.length, core.random);
  }
}

/** Every host of the server that was to be tried again waits for the circuit instead. */
function holdAll(core: CoreContext, server: string): void {
  for (const run of core.hosts.values())
    if (run.plan.server === server && run.phase === 'idle' && run.due !== undefined) hold(run);
}

function describeDone(run: HostRun, code: 'good' | 'nochg'): string {
  const addresses = addressesOf(run.requests[0] ?? {}).join(' and ');
  return code === 'good' ? `The server took ${addresses}.` : `The server has ${addresses} already.`;
}
