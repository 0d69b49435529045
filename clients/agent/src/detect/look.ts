/**
 * One look for the address of a family: all of its sources at the same time, each within its time-out, until the quorum
 * is certain. Invariant: it always ends, and says of each source that answered by then what it said.
 */
import {
  type Detection,
  FAMILIES,
  type Family,
  type HostConfig,
  type ServerConfig,
  type Source,
} from '../config/agent-config.ts';
import { formatSource } from '../config/source-text.ts';
import type { Connections } from '../http/connections.ts';
import { withDeadline } from '../http/deadline.ts';
import { exchange } from '../http/exchange.ts';
import { describeFault } from '../http/fault.ts';
import { type Parsed, unparsable } from '../../../../src/ops/parsed.ts';
import type { SourceAnswer } from '../schedule/host-record.ts';
import { MOST_ANSWER_OCTETS, type Wanted, parseAddress, parseAnswer } from './address.ts';
import { askCommand } from './command.ts';
import { type InterfaceAddress, chooseAddress } from './interface-address.ts';
import { type Voice, agreedAddress, loneAddress } from './quorum.ts';
import { askStun } from './stun.ts';

/** What is looked for, and how. */
export interface Look {
  /** Equal for looks that would be the same. */
  readonly key: string;
  readonly family: Family;
  readonly allowPrivate: boolean;
  readonly server: ServerConfig;
  readonly detection: Detection;
}

/** What came of a look. */
export interface LookResult {
  /** In canonical form; undefined without a quorum. */
  readonly address: string | undefined;
  readonly answers: readonly SourceAnswer[];
}

/** What a look needs of the world. */
export interface LookMeans {
  readonly connections: Connections;
  readonly userAgent: string;
  /** The addresses of this machine's interfaces. */
  readonly interfaces: (signal: AbortSignal) => Promise<readonly InterfaceAddress[]>;
  /** The address of the family that was acknowledged before. */
  readonly before: string | undefined;
  /** Waits for every source, for somebody who wants to know of each what it says. */
  readonly whole?: boolean;
  readonly signal: AbortSignal;
}

/** The looks of a host, by family. */
export function looksOf(host: HostConfig, server: ServerConfig): readonly Look[] {
  return FAMILIES.flatMap((family) => {
    const detection = host.detect[family];
    if (detection === undefined) return [];
    const { allowPrivate } = host;
    // The connections of a server differ in proxy and roots, so looks of two servers are two looks.
    const key = JSON.stringify([family, server.name, allowPrivate, detection]);
    return [{ key, family, allowPrivate, server, detection }];
  });
}

/** Looks once. A source that nobody waits for any more ends by its own time-out. */
export function look(wanted: Look, means: LookMeans): Promise<LookResult> {
  const { server, detection } = wanted;
  const { sources, quorum, byDefault } = detection;
  const voices = new Array<Voice | undefined>(sources.length).fill(undefined);
  return new Promise((resolve) => {
    let left = sources.length;
    const hear = (at: number, voice: Voice): void => {
      voices[at] = voice;
      left -= 1;
      const heard = voices.filter((other) => other !== undefined);
      const answers = heard.map(({ answer }) => answer);
      const agreed = agreedAddress(answers, quorum, left);
      if (left > 0 && (agreed === undefined || means.whole === true)) return;
      resolve({ address: agreed ?? (byDefault ? loneAddress(heard, server) : undefined), answers });
    };
    for (const [at, source] of sources.entries())
      void listen(source, wanted, means).then((voice) => {
        hear(at, voice);
      });
  });
}

async function listen(
  source: Source,
  { family, allowPrivate, server, detection }: Look,
  means: LookMeans,
): Promise<Voice> {
  const wanted = { family, allowPrivate };
  const { read, unreachable } = await withDeadline(means.signal, detection.timeoutMs, (signal) =>
    heeding(ask(source, server, { wanted, means: { ...means, signal } }), signal),
  );
  const name = formatSource(source);
  const answer = read.ok ? { source: name, address: read.value } : { source: name, problem: read.reason };
  return { answer, unreachable };
}

async function ask(
  source: Source,
  server: ServerConfig,
  { wanted, means }: { readonly wanted: Wanted; readonly means: LookMeans },
): Promise<Parsed<string>> {
  switch (source.kind) {
    case 'server':
      return askHttp(`${server.url}/ip`, wanted, means);
    case 'http':
      return askHttp(source.url, wanted, means);
    case 'stun':
      return parseAddress(await askStun(source, wanted.family, means.signal), wanted);
    case 'command':
      return parseAddress(await askCommand(source, means.signal), wanted);
    case 'interface':
      return chooseAddress(await means.interfaces(means.signal), wanted, {
        interface: source.name,
        before: means.before,
      });
  }
}

async function askHttp(url: string, wanted: Wanted, means: LookMeans): Promise<Parsed<string>> {
  const { status, body } = await exchange({
    url,
    headers: { 'user-agent': means.userAgent, accept: 'text/plain, application/json' },
    dispatcher: means.connections.to(url, wanted.family),
    redirects: 0,
    mostOctets: MOST_ANSWER_OCTETS + 1,
    signal: means.signal,
  });
  if (status !== 200) return unparsable(`status ${status}`);
  if (Buffer.byteLength(body) > MOST_ANSWER_OCTETS) return unparsable('the answer is too long');
  return parseAnswer(body, wanted);
}

/** What was read of a source, and whether it replied at all. */
interface Heard {
  readonly read: Parsed<string>;
  readonly unreachable: boolean;
}

/** The answer, or why there is none: a source that does not heed its signal delays nothing either. */
function heeding(asking: Promise<Parsed<string>>, signal: AbortSignal): Promise<Heard> {
  return new Promise((resolve) => {
    const fail = (reason: string): void => {
      resolve({ read: unparsable(reason), unreachable: true });
    };
    const late = (): void => {
      fail('no answer in time');
    };
    signal.addEventListener('abort', late, { once: true });
    asking.then(
      (read) => {
        resolve({ read, unreachable: false });
      },
      (error: unknown) => {
        fail(describeProblem(error));
      },
    );
  });
}

function describeProblem(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  // Errors that this program made carry their words; those of the system and of HTTP have a code.
  if (error instanceof Error && code === undefined && error.name === 'Error') return error.message;
  return describeFault(error).words.replace(/\.$/, '').replace(/^The/, 'the');
}
