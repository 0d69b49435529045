/** `protect` and `enroll`: how a secret comes to the agent. Invariant: neither prints it. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pause } from '../agent/actions.ts';
import { addHost } from '../enrol/add-host.ts';
import { type Enrolled, enrol, serverOfUrl } from '../enrol/enrol.ts';
import { CommandError, EXIT, type ExitCode } from '../exit-code.ts';
import { createConnections } from '../http/connections.ts';
import { userAgent } from '../version.ts';
import { type CommandContext, type PlaceOptions, placeOf } from './context.ts';

/** The options of `enroll`. */
export interface EnrolOptions extends PlaceOptions {
  readonly server: string;
  readonly code?: string;
  readonly name?: string;
  readonly serial?: string;
  readonly ca?: string;
  readonly proxy?: string;
  readonly allowHttp?: boolean;
}

/** The options of `add`. */
export interface AddOptions extends Omit<EnrolOptions, 'code' | 'name' | 'serial'> {
  readonly host: string;
  readonly user?: string;
  readonly token?: string;
}

/** Writes a secret, read from a file or from standard input, in the form that the configuration may name. */
export async function protectCommand(
  context: CommandContext,
  options: PlaceOptions & { readonly in?: string; readonly out: string },
): Promise<ExitCode> {
  const text = options.in === undefined ? await context.readInput() : readFileSync(options.in, 'utf8');
  const secret = text.replace(/^\uFEFF/, '').replace(/\r?\n$/, '');
  if (secret === '') throw new CommandError(EXIT.usage, 'the secret is empty');
  const out = resolve(options.out);
  await writeSecret(context, options, { secret, path: out });
  context.print(`secret: ${JSON.stringify({ file: out })}\n`);
  return EXIT.done;
}

/** Exchanges a code for a host and its token, and writes both to the configuration. */
export async function enrolCommand(context: CommandContext, options: EnrolOptions): Promise<ExitCode> {
  const { platform } = context;
  const server = serverOfUrl(options.server, { ...options, allowHttp: options.allowHttp ?? false });
  if (!server.ok) throw new CommandError(EXIT.usage, `--server ${server.reason}`);
  const code = (options.code ?? (await context.readInput())).trim();
  if (code === '') throw new CommandError(EXIT.usage, 'the code is empty');
  const serial = options.serial ?? (await platform.serial());
  const connections = createConnections(server.value, {
    proxy: await platform.proxy(),
    platform: platform.system,
  });
  const enrolment = {
    server: server.value.url,
    code,
    name: options.name ?? hostname(),
    ...(serial === undefined ? {} : { serial }),
  };
  const result = await enrol(enrolment, { connections, userAgent: userAgent(platform.system), wait: pause });
  await connections.close();
  if (!result.ok) throw new CommandError(result.again ? EXIT.unavailable : EXIT.denied, result.reason);
  const file = await keep(context, { options, url: server.value.url, enrolled: result.enrolled });
  context.print(`This machine is ${result.enrolled.host}; ${file} says so.\n`);
  return EXIT.done;
}

/** Writes a host and its token, which somebody has already, to the configuration: what installers do. */
export async function addCommand(context: CommandContext, options: AddOptions): Promise<ExitCode> {
  const server = serverOfUrl(options.server, { ...options, allowHttp: options.allowHttp ?? false });
  if (!server.ok) throw new CommandError(EXIT.usage, `--server ${server.reason}`);
  const token = (options.token ?? (await context.readInput())).trim();
  if (token === '') throw new CommandError(EXIT.usage, 'the token is empty');
  const enrolled = { host: options.host, user: options.user ?? '', token, path: server.value.path };
  const file = await keep(context, { options, url: server.value.url, enrolled });
  context.print(`This machine is ${options.host}; ${file} says so.\n`);
  return EXIT.done;
}

/** Writes the token, then the configuration that names it. */
async function keep(
  context: CommandContext,
  made: { readonly options: AddOptions | EnrolOptions; readonly url: string; readonly enrolled: Enrolled },
): Promise<string> {
  const { options, url, enrolled } = made;
  const { config } = placeOf(context, options, existsSync);
  const directory = dirname(resolve(config));
  const secretFile = join(directory, `${enrolled.host.replaceAll(/[^A-Za-z0-9.-]/g, '_')}.token`);
  await writeSecret(context, options, { secret: enrolled.token, path: secretFile });
  const before = existsSync(config) ? readFileSync(config, 'utf8') : '';
  const { host, user, path } = enrolled;
  const { ca, proxy, allowHttp } = options;
  const addition = {
    ...{ url, path, user, secretFile, host },
    ...(ca === undefined ? {} : { ca: resolve(ca) }),
    ...(proxy === undefined ? {} : { proxy }),
    ...(allowHttp === undefined ? {} : { allowHttp }),
  };
  let text: string;
  try {
    text = addHost(before, addition, config.endsWith('.json') ? 'json' : 'yaml');
  } catch {
    // The reader of YAML would quote the file in its error.
    throw new CommandError(EXIT.config, `${config} is not a configuration; the token is in ${secretFile}`);
  }
  if (text !== before) await context.platform.writePrivate(text, config);
  return config;
}

async function writeSecret(
  context: CommandContext,
  options: PlaceOptions,
  { secret, path }: { readonly secret: string; readonly path: string },
): Promise<void> {
  const { state } = placeOf(context, options, existsSync);
  mkdirSync(state, { recursive: true, mode: 0o700 });
  await context.platform.writeSecret(secret, path, state);
}
