/**
 * `state.json`: what must survive a restart. Invariants: written whole, flushed and renamed, so that a reader or
 * a crash never meets half of it; nothing in it is a secret.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Memory } from '../schedule/core-types.ts';

const time = z.number().min(0);
const acknowledged = z.strictObject({ address: z.string(), at: time, since: time });
const look = z.strictObject({
  at: time,
  address: z.string().optional(),
  answers: z.array(
    z.strictObject({ source: z.string(), address: z.string().optional(), problem: z.string().optional() }),
  ),
});
const families = <T extends z.ZodType>(
  value: T,
): z.ZodObject<{ ipv4: z.ZodOptional<T>; ipv6: z.ZodOptional<T> }> =>
  z.strictObject({ ipv4: value.optional(), ipv6: value.optional() });
const host = z.strictObject({
  place: z.string(),
  acknowledged: families(acknowledged),
  verified: z.strictObject({ at: time, result: z.enum(['there', 'missing', 'unknown']) }).optional(),
  looks: families(look),
  reply: z
    .strictObject({
      at: time,
      outcome: z.enum(['done', 'stopped', 'failed']),
      code: z.string(),
      words: z.string(),
    })
    .optional(),
  stop: z.strictObject({ at: time, code: z.string(), fingerprint: z.string() }).optional(),
  failures: z.int().min(0),
  next: time.optional(),
  notBefore: time.optional(),
});
const schema = z.strictObject({
  version: z.literal(1),
  salt: z.string().regex(/^[0-9a-f]{32}$/),
  run: z.strictObject({ mode: z.enum(['run', 'once']), at: time, roundAt: time.optional() }).optional(),
  hosts: z.record(z.string(), host),
  servers: z.record(z.string(), z.strictObject({ failures: z.int().min(0), probeAt: time.optional() })),
});

type Encoded = z.output<typeof schema>;

/** What the file holds. */
export interface AgentState {
  /** For the fingerprints of this machine's configurations. */
  readonly salt: string;
  /** The last round: whether of `run` or of `once`, when, and when `run` has the next one. */
  readonly run?: Encoded['run'];
  readonly memory: Memory;
}

/** A state with nothing in it. */
export function newState(): AgentState {
  return { salt: randomBytes(16).toString('hex'), memory: { hosts: new Map(), servers: new Map() } };
}

/** Reads the state; undefined where there is none, a reason where it cannot be read. */
export async function readState(
  directory: string,
): Promise<
  | { readonly ok: true; readonly state: AgentState }
  | { readonly ok: false; readonly reason: string }
  | undefined
> {
  let text: string;
  try {
    text = await readFile(fileOf(directory), 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? undefined : { ok: false, reason: `it cannot be read (${code ?? 'unknown'})` };
  }
  try {
    const { salt, run, hosts, servers } = schema.parse(JSON.parse(text));
    const memory = {
      hosts: new Map(Object.entries(hosts)),
      servers: new Map(Object.entries(servers)),
    } as Memory;
    return { ok: true, state: { salt, memory, ...(run === undefined ? {} : { run }) } };
  } catch {
    // What is wrong with it matters less than that it is set aside whole.
    return { ok: false, reason: 'it holds something else than a state' };
  }
}

/** Reads the state, or sets aside what cannot be read and begins anew; `warn` is told so. */
export async function takeState(directory: string, warn: (message: string) => void): Promise<AgentState> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const read = await readState(directory);
  if (read?.ok === true) return read.state;
  if (read !== undefined) {
    const aside = `${fileOf(directory)}.unreadable`;
    await rename(fileOf(directory), aside);
    warn(`state.json was set aside as ${aside} and begun anew: ${read.reason}`);
  }
  return newState();
}

/** Writes the state. */
export async function writeState(directory: string, { salt, run, memory }: AgentState): Promise<void> {
  const encoded = {
    version: 1,
    salt,
    run,
    hosts: Object.fromEntries(memory.hosts),
    servers: Object.fromEntries(memory.servers),
  };
  const temporary = join(directory, `.state.${process.pid}.tmp`);
  try {
    const file = await open(temporary, 'w', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(encoded, undefined, 1)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, fileOf(directory));
  } finally {
    await rm(temporary, { force: true });
  }
}

function fileOf(directory: string): string {
  return join(directory, 'state.json');
}
