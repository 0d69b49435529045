/**
 * The keys and values of the configuration, read from a document of YAML or JSON.
 * Invariant: the schema refuses what it does not know; what one value means for another is checked in `cross-check`.
 */
import { z } from 'zod';
import type { Parsed } from '../../../../src/ops/parsed.ts';
import { parseDuration, parseSize } from './quantity.ts';
import { parseSecretPlace } from './secret-place.ts';
import { parseSource } from './source-text.ts';

const HOST_NAME =
  /^(?=.{1,253}\.?$)(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.?$/;

// Environment variables are text: the words for numbers and truth values are read as such.
const flag = z.preprocess(
  (value) => (value === 'true' ? true : value === 'false' ? false : value),
  z.boolean({ error: 'is not true or false' }),
);
const number = (least: number, most: number): z.ZodType<number> =>
  z.preprocess(
    (value) => (typeof value === 'string' && /^\d+(\.\d+)?$/.test(value) ? Number(value) : value),
    z
      .number({ error: `is not a number between ${least} and ${most}` })
      .min(least, { error: `is less than ${least}` })
      .max(most, { error: `is more than ${most}` }),
  );
const text = z.string({ error: (issue) => (issue.input === undefined ? 'is missing' : 'is not text') });
const filled = text.min(1, { error: 'is empty' });
const duration = (least: string, most: string): z.ZodType<number> =>
  read((value) => parseDuration(value, { least, most }));

const detection = {
  quorum: number(1, 16).optional(),
  timeout: duration('1s', '1m').optional(),
  sources: z
    .array(read(parseSource), { error: 'is not a list of sources' })
    .min(1, { error: 'is empty' })
    .max(16, { error: 'has more than 16 sources' })
    .optional(),
};
const detect = {
  ipv4: z.strictObject(detection).optional(),
  ipv6: z.strictObject(detection).optional(),
};
const server = {
  url: filled.regex(/^https?:\/\/[^/?#@\s]+\/?$/i, { error: 'is not https://name[:port] without a path' }),
  path: text.regex(/^\/[^?#\s]*$/, { error: 'is not a path such as /nic/update' }).default('/nic/update'),
  user: text.default(''),
  secret: read(parseSecretPlace),
  proxy: text
    .regex(/^(system|none|https?:\/\/\S+)$/, { error: 'is not system, none, or a URL' })
    .default('system'),
  ca: filled.optional(),
  clientCertificate: filled.optional(),
  clientKey: filled.optional(),
  connectTimeout: duration('1s', '5m').default(10_000),
  requestTimeout: duration('1s', '5m').default(30_000),
  families: z.enum(['together', 'apart'], { error: 'is not together or apart' }).default('together'),
  dns: z
    .array(
      filled.regex(
        /^(\[[0-9A-Fa-f:.]+\](:\d{1,5})?|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*|[A-Za-z0-9._-]+(:\d{1,5})?)$/,
        {
          error: 'is not ADDRESS, ADDRESS:PORT, [ADDRESS]:PORT or a name',
        },
      ),
      { error: 'is not a list of servers' },
    )
    .optional(),
  allowHttp: flag.default(false),
};
const host = {
  name: filled.regex(HOST_NAME, { error: 'is not the name of a host' }),
  server: filled.optional(),
  ipv4: flag.default(true),
  ipv6: flag.default(true),
  allowPrivate: flag.optional(),
  detect: z.strictObject(detect).optional(),
};
const log = {
  file: filled.optional(),
  level: z
    .enum(['debug', 'info', 'warn', 'error'], { error: 'is not debug, info, warn or error' })
    .default('info'),
  maxSize: read((value) => parseSize(value, { least: '10kB', most: '1GB' })).default(10_000_000),
  keep: number(1, 100).default(5),
};
const root = {
  interval: duration('30s', '1d').default(300_000),
  refresh: duration('1d', '28d').default(24 * 86_400_000),
  startSpread: duration('0s', '10m').default(10_000),
  jitter: number(0, 0.5).default(0.1),
  allowPrivate: flag.default(false),
  servers: z
    .record(
      z.string().regex(/^[A-Za-z0-9_-]+$/, { error: 'is not a name of letters, digits, - and _' }),
      z.strictObject(server),
      {
        error: (issue) => (issue.input === undefined ? 'is missing' : 'is not a list of servers by name'),
      },
    )
    .refine((servers) => Object.keys(servers).length > 0, { error: 'names no server' }),
  hosts: z
    .array(z.strictObject(host), {
      error: (issue) => (issue.input === undefined ? 'is missing' : 'is not a list of hosts'),
    })
    .min(1, { error: 'names no host' }),
  detect: z.strictObject(detect).optional(),
  log: z.strictObject(log).prefault({}),
};

/** The schema of the whole document. */
export const documentSchema = z.strictObject(root, { error: 'is not a configuration' });

/** A document that the schema took. */
export type ConfigDocument = z.output<typeof documentSchema>;

/** The keys that may stand at a path of the document; empty where names are free. */
export function keysAt(path: readonly PropertyKey[]): readonly string[] {
  const [first, second, third] = path;
  const detectAt = (rest: readonly PropertyKey[]): readonly string[] =>
    Object.keys(rest.length === 0 ? detect : detection);
  if (first === undefined) return Object.keys(root);
  if (first === 'servers')
    return second === undefined ? [] : third === undefined ? Object.keys(server) : SECRET_KEYS;
  if (first === 'hosts' && third === 'detect') return detectAt(path.slice(3));
  if (first === 'hosts') return second === undefined ? [] : Object.keys(host);
  if (first === 'detect') return detectAt(path.slice(1));
  return first === 'log' ? Object.keys(log) : [];
}

const SECRET_KEYS = ['env', 'file', 'dpapi'];

function read<T>(parse: (value: unknown) => Parsed<T>): z.ZodType<T> {
  return z.unknown().transform((value, context) => {
    const result = parse(value);
    if (result.ok) return result.value;
    context.addIssue({ code: 'custom', message: result.reason });
    return z.NEVER;
  });
}
