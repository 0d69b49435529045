/**
 * One layer of the configuration: raw values with the place each came from, and the keys that name no setting.
 * Invariant: a layer never changes or drops a value silently; what it cannot read becomes a problem.
 */
import { closest } from 'fastest-levenshtein';
import { LineCounter, type Pair, isAlias, isMap, isScalar, parseDocument } from 'yaml';
import { SETTINGS, SETTING_KEYS, type SettingKey, isSettingKey, variableOf } from './schema.ts';

/** A raw value and where it was set: `homing.yaml:3`, `HOMING_DATA`, `--data`, `default`. */
export interface RawValue {
  readonly raw: unknown;
  readonly origin: string;
}

/** What a layer says. */
export interface Layer {
  readonly values: ReadonlyMap<SettingKey, RawValue>;
  /** For people, one line each; with any of them the layer is refused. */
  readonly problems: readonly string[];
}

/** Variables that steer the reading itself and are no settings. */
export const STEERING_VARIABLES = ['HOMING_ENV', 'HOMING_CONFIG'] as const;

/** Every part of a key that ends before a dot: `dns.rrl.rate` lies in `dns` and in `dns.rrl`. */
const SECTIONS: ReadonlySet<string> = new Set(
  SETTING_KEYS.flatMap((key) => [...key.matchAll(/\./g)].map(({ index }) => key.slice(0, index))),
);

/** Reads the text of a YAML file. */
export function fileLayer(path: string, text: string): Layer {
  const values = new Map<SettingKey, RawValue>();
  const problems: string[] = [];
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const at = (offset: number | undefined): string =>
    offset === undefined ? path : `${path}:${lines.linePos(offset).line}`;
  for (const error of document.errors) problems.push(`${at(error.pos[0])}: ${firstLine(error.message)}`);
  if (problems.length > 0) return { values, problems };

  const read = (pair: Pair, section: string): void => {
    const name = isScalar(pair.key) ? String(pair.key.value) : '?';
    const origin = at(isScalar(pair.key) ? pair.key.range?.[0] : undefined);
    const key = section === '' ? name : `${section}.${name}`;
    const value = isAlias(pair.value) ? pair.value.resolve(document) : pair.value;
    if (isSettingKey(key)) values.set(key, { raw: rawOf(value), origin });
    else if (!SECTIONS.has(key)) problems.push(unknownSetting(origin, key));
    else if (isMap(value)) for (const inner of value.items) read(inner, key);
    else if (rawOf(value) !== null) problems.push(`${origin}: ${key} is a section, not a setting`);
  };
  if (isMap(document.contents)) for (const pair of document.contents.items) read(pair, '');
  else if (document.contents !== null && rawOf(document.contents) !== null) {
    problems.push(`${path}: must hold settings as "key: value" lines`);
  }
  return { values, problems };

  function rawOf(node: unknown): unknown {
    return node === null || node === undefined
      ? null
      : (node as { toJS(document: unknown): unknown }).toJS(document);
  }
}

/** Reads the `HOMING_*` variables of an environment; `readFile` gives the content that a `_FILE` variable points at. */
export function environmentLayer(
  env: Readonly<Record<string, string | undefined>>,
  readFile: (path: string) => string,
): Layer {
  const values = new Map<SettingKey, RawValue>();
  const problems: string[] = [];
  const keyOf = new Map<string, SettingKey>(SETTING_KEYS.map((key) => [variableOf(key), key]));
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith('HOMING_') || text === undefined) continue;
    if ((STEERING_VARIABLES as readonly string[]).includes(name)) continue;
    const plain = keyOf.get(name);
    const twin = name.endsWith('_FILE') ? keyOf.get(name.slice(0, -'_FILE'.length)) : undefined;
    const key = plain ?? twin;
    if (key === undefined) {
      problems.push(unknown(name, 'variable', [...keyOf.keys(), ...STEERING_VARIABLES]));
    } else if (values.has(key)) {
      problems.push(`${variableOf(key)} and ${variableOf(key)}_FILE are both set; keep one of them`);
    } else if (plain !== undefined) {
      values.set(key, { raw: SETTINGS[key].fromText(text), origin: name });
    } else {
      try {
        const content = readFile(text).replace(/\r?\n$/, '');
        values.set(key, { raw: SETTINGS[key].fromText(content), origin: `${name} (${text})` });
      } catch (error) {
        problems.push(`${name}: cannot read ${text}: ${describeError(error)}`);
      }
    }
  }
  return { values, problems };
}

/** What the command line sets, as text (a list for a flag that was repeated, `true` for a bare switch). */
export interface FlagValue {
  readonly flag: string;
  readonly value: string | readonly string[] | boolean;
}

/** Reads flags. */
export function flagLayer(flags: Partial<Record<SettingKey, FlagValue>>): Layer {
  const values = new Map<SettingKey, RawValue>();
  for (const [key, { flag, value }] of Object.entries(flags) as [SettingKey, FlagValue][]) {
    values.set(key, { raw: typeof value === 'string' ? SETTINGS[key].fromText(value) : value, origin: flag });
  }
  return { values, problems: [] };
}

/** The sentence fragment of an error, without its stack. */
export function describeError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function unknownSetting(origin: string, key: string): string {
  return `${origin}: ${unknown(key, 'setting', [...SETTING_KEYS, ...SECTIONS])}`;
}

function unknown(name: string, what: string, candidates: readonly string[]): string {
  return `unknown ${what} ${name} (nearest match: ${closest(name, candidates)})`;
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]!.replace(/ at line \d+, column \d+:?$/, '');
}
