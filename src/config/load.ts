/**
 * Puts the configuration together: defaults, base file, the environment's file, `HOMING_*` variables, flags; a later
 * layer wins. The only module that reads `process.env`.
 * Invariant: either every layer is valid and every explicit setting is in the result, or all problems are reported
 * and nothing is.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, extname, join, relative, resolve } from 'node:path';
import { type Config, type EffectiveSetting, SECRET_MASK, buildConfig } from './config.ts';
import {
  type FlagValue,
  type Layer,
  type RawValue,
  describeError,
  environmentLayer,
  fileLayer,
  flagLayer,
} from './layer.ts';
import { SETTINGS, SETTING_KEYS, type SettingKey, type SettingValues } from './schema.ts';

/** Where to read from. */
export interface LoadOptions {
  /** The file of `--config`; it must then exist. */
  readonly file?: string | undefined;
  readonly flags?: Partial<Record<SettingKey, FlagValue>>;
  /** Defaults other than the table's, and who sets them. */
  readonly defaults?: { readonly origin: string; readonly raw: Partial<Record<SettingKey, unknown>> };
  /** The process's own environment if absent. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The process's working directory if absent. */
  readonly directory?: string;
}

/** A valid configuration. */
export interface LoadedConfig {
  readonly config: Config;
  readonly values: SettingValues;
  /** Every setting with its origin, in the table's order. */
  readonly settings: readonly EffectiveSetting[];
  /** Every file whose change can change the result, whether it exists or not. */
  readonly files: readonly string[];
}

/** A configuration, or everything that is wrong with it: one line each, for people. */
export type LoadResult =
  | { readonly ok: true; readonly value: LoadedConfig }
  | { readonly ok: false; readonly problems: readonly string[] };

const BASE_FILE = 'homing.yaml';

/** Reads all layers. */
export function loadConfig(options: LoadOptions = {}): LoadResult {
  const env = options.env ?? process.env;
  const directory = options.directory ?? process.cwd();
  const files: string[] = [];
  const readText = (path: string): string => {
    files.push(path);
    return readFileSync(path, 'utf8');
  };
  const layers: Layer[] = [
    defaultLayer(options.defaults),
    ...fileLayers({ explicit: options.file ?? env['HOMING_CONFIG'], env, directory }, readText),
    environmentLayer(env, (path) => readText(resolve(directory, path))),
    flagLayer(options.flags ?? {}),
  ];
  const problems = layers.flatMap((layer) => layer.problems);
  const raw = new Map<SettingKey, RawValue>(layers.flatMap((layer) => [...layer.values]));
  const { values: read, invalid } = buildValues(raw);
  problems.push(...invalid);
  if (problems.length > 0 || read === undefined) return { ok: false, problems };
  const clients = read['http.clientsDirectory'];
  const values = {
    ...read,
    data: resolve(directory, read.data),
    'http.clientsDirectory': clients === null ? null : resolve(directory, clients),
  };
  const built = buildConfig(values);
  if (built.problems.length > 0) return { ok: false, problems: built.problems };
  const settings = SETTING_KEYS.map((key) => effective(key, raw.get(key)!));
  return { ok: true, value: { config: built.config, values, settings, files } };
}

function defaultLayer(own: LoadOptions['defaults']): Layer {
  const values = new Map<SettingKey, RawValue>(
    SETTING_KEYS.map((key) => [key, { raw: SETTINGS[key].default, origin: 'default' }]),
  );
  for (const [key, raw] of Object.entries(own?.raw ?? {})) {
    values.set(key as SettingKey, { raw, origin: own!.origin });
  }
  return { values, problems: [] };
}

function fileLayers(
  where: {
    explicit: string | undefined;
    env: Readonly<Record<string, string | undefined>>;
    directory: string;
  },
  readText: (path: string) => string,
): Layer[] {
  const base = resolve(where.directory, where.explicit ?? BASE_FILE);
  const layers = [readLayer(base, where.explicit !== undefined, where.directory, readText)];
  const environment = where.env['HOMING_ENV'];
  if (environment === undefined || environment === '') return layers;
  if (!/^[A-Za-z0-9_-]+$/.test(environment)) {
    return [...layers, { values: new Map(), problems: [`HOMING_ENV: "${environment}" is not a plain word`] }];
  }
  const extension = extname(base);
  const stem = base.slice(0, base.length - extension.length);
  return [...layers, readLayer(`${stem}.${environment}${extension}`, true, where.directory, readText)];
}

function readLayer(
  path: string,
  required: boolean,
  directory: string,
  readText: (path: string) => string,
): Layer {
  const shown = shortPath(path, directory);
  try {
    return fileLayer(shown, readText(path));
  } catch (error) {
    if (!required && !existsSync(path)) return { values: new Map(), problems: [] };
    const hint = required && !existsSync(path) ? 'the file does not exist' : describeError(error);
    return { values: new Map(), problems: [`${shown}: cannot be read: ${hint}`] };
  }
}

function buildValues(raw: ReadonlyMap<SettingKey, RawValue>): {
  values: SettingValues | undefined;
  invalid: string[];
} {
  const invalid: string[] = [];
  const values = Object.fromEntries(
    SETTING_KEYS.map((key) => {
      const { raw: value, origin } = raw.get(key)!;
      const result = SETTINGS[key].schema.safeParse(value);
      if (result.success) return [key, result.data];
      const reason = result.error.issues[0]?.message ?? 'is not valid';
      invalid.push(
        `${origin}: ${key} ${reason}${SETTINGS[key].secret ? '' : `, not ${JSON.stringify(value)}`}`,
      );
      return [key, undefined];
    }),
  );
  // Each entry came out of its own key's schema, which is what the type says; a failed one empties the whole.
  return { values: invalid.length === 0 ? (values as SettingValues) : undefined, invalid };
}

function effective(key: SettingKey, { raw, origin }: RawValue): EffectiveSetting {
  const secret = SETTINGS[key].secret && raw !== null;
  return { key, shown: secret ? SECRET_MASK : raw, origin };
}

function shortPath(path: string, directory: string): string {
  const near = relative(directory, path);
  return near.startsWith('..') || dirname(near) !== '.' ? path : join(near);
}
