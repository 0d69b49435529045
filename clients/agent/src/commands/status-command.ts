/** `status`: how each host stands, for people and for monitoring. It reads the state and asks who runs. */
import { existsSync } from 'node:fs';
import { FAMILIES } from '../config/agent-config.ts';
import { describeDuration } from '../config/quantity.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { describeAnswer, familyWord } from '../schedule/entries.ts';
import type { Holder } from '../platform/platform.ts';
import type { HostRecord } from '../schedule/host-record.ts';
import { type AgentState, readState } from '../state/state-file.ts';
import { type CommandContext, type PlaceOptions, placeOf } from './context.ts';
import { judgeHost, judgeHosts } from './verdict.ts';

/** The word of a run by `once` counts for this long where no agent runs: it is run by something else, again and again. */
const ONCE_MS = 86_400_000;

/** Prints the status and answers how well things are. */
export async function statusCommand(
  context: CommandContext,
  options: PlaceOptions & { readonly json?: boolean },
): Promise<ExitCode> {
  const place = placeOf(context, options, existsSync);
  const read = await readState(place.state);
  const holder = await context.platform.holder(place.state);
  const now = context.moment().wall;
  const state = read?.ok === true ? read.state : undefined;
  const runs = holder !== undefined || isRecentOnce(state, now);
  const hosts = [...(state?.memory.hosts ?? [])].map(([key, record]) => ({ key, record }));
  const code = runs ? judgeHosts(hosts.map(({ record }) => record)) : EXIT.unknown;
  if (options.json === true)
    context.print(`${JSON.stringify(statusJson(state, { pid: holder?.pid, code }), undefined, 2)}\n`);
  else
    context.print(
      describeStatus({ state, holder, now, fault: read?.ok === false ? read.reason : undefined }),
    );
  return code;
}

function isRecentOnce(state: AgentState | undefined, now: number): boolean {
  return state?.run?.mode === 'once' && Math.abs(now - state.run.at) < ONCE_MS;
}

function statusJson(
  state: AgentState | undefined,
  about: { pid: number | undefined; code: ExitCode },
): unknown {
  const time = (at: number | undefined): string | undefined =>
    at === undefined ? undefined : new Date(at).toISOString();
  const hosts = [...(state?.memory.hosts ?? [])].map(([key, record]) => ({
    host: key.slice(0, key.lastIndexOf('@')),
    server: key.slice(key.lastIndexOf('@') + 1),
    state: judgeHost(record),
    ...Object.fromEntries(
      FAMILIES.flatMap((family) => {
        const [known, look] = [record.acknowledged[family], record.looks[family]];
        if (known === undefined && look === undefined) return [];
        const own = {
          address: known?.address,
          since: time(known?.since),
          acknowledged: time(known?.at),
          found: look?.address,
          sources: look?.answers,
        };
        return [[family, own]];
      }),
    ),
    verified: record.verified?.result,
    reply: record.reply === undefined ? undefined : { ...record.reply, at: time(record.reply.at) },
    failures: record.failures,
    next: time(nextOf(record, state)),
  }));
  return { agent: about.pid ?? null, exit: about.code, hosts };
}

/** When the host is looked at again; a stopped one is not. */
function nextOf(record: HostRecord, state: AgentState | undefined): number | undefined {
  if (record.stop !== undefined) return undefined;
  const times = [
    record.next ?? state?.run?.roundAt,
    record.next === undefined ? undefined : record.notBefore,
  ];
  const known = times.filter((at) => at !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

function describeStatus(about: {
  readonly state: AgentState | undefined;
  readonly holder: Holder | undefined;
  readonly now: number;
  readonly fault: string | undefined;
}): string {
  const { state, holder, now, fault } = about;
  const process = holder?.pid === undefined ? '' : ` (process ${holder.pid})`;
  const lines = [holder === undefined ? 'No agent runs.' : `The agent runs${process}.`];
  if (fault !== undefined) lines.push(`The state is of no use: ${fault}.`);
  else if (state === undefined || state.memory.hosts.size === 0) lines.push('Nothing is known yet.');
  for (const [key, record] of state?.memory.hosts ?? [])
    lines.push('', ...describeHost(key, record, { now, next: nextOf(record, state) }));
  return `${lines.join('\n')}\n`;
}

const VERDICT_WORDS = {
  well: 'all is well',
  failed: 'failed, and is tried again',
  stopped: 'STOPPED until its configuration changes',
  undetected: 'no address was found',
  unknown: 'nothing is known yet',
} as const;

function describeHost(
  key: string,
  record: HostRecord,
  { now, next }: { readonly now: number; readonly next: number | undefined },
): string[] {
  const ago = (at: number): string => `${describeDuration(now - at)} ago`;
  const lines = [`${key.replace(/@([^@]*)$/, ' at $1')}: ${VERDICT_WORDS[judgeHost(record)]}`];
  for (const family of FAMILIES) {
    const [known, look] = [record.acknowledged[family], record.looks[family]];
    const word = familyWord(family);
    if (known !== undefined) lines.push(`  ${word}: ${known.address}, since ${ago(known.since)}`);
    if (look !== undefined && look.address === undefined)
      lines.push(`  ${word}: too few sources agree (${look.answers.map(describeAnswer).join('; ')})`);
  }
  const { verified, reply } = record;
  if (verified !== undefined) lines.push(`  DNS: ${DNS_WORDS[verified.result]}`);
  if (reply !== undefined) lines.push(`  Last reply: ${reply.code}, ${ago(reply.at)}. ${reply.words}`);
  if (next !== undefined) lines.push(`  Next: in ${describeDuration(next - now)}`);
  return lines;
}

const DNS_WORDS = {
  there: 'has the address',
  missing: 'does not have the address yet',
  unknown: 'not verified',
} as const;
