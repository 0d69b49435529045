/**
 * One setting: how its value is read, checked, documented and shown.
 *
 * Invariant: the schema takes what a YAML file gives; `fromText` turns what an environment variable or a flag gives
 * into the same, so that every layer is held to the same rules.
 */
import { z } from 'zod';
import type { Parsed } from '../ops/parsed.ts';

/** A row of the settings table. */
export interface Setting<T = unknown> {
  /** What a value looks like, for the documentation. */
  readonly type: string;
  /** The allowed values, for the documentation; empty where the type says it all. */
  readonly range: string;
  /** From the raw value of a layer to the built one. */
  readonly schema: z.ZodType<T>;
  /** The raw value where no layer sets one; null where the setting is then absent. */
  readonly default: unknown;
  readonly doc: string;
  /** Never shown or logged. */
  readonly secret: boolean;
  /** Taken up from a changed file without a restart. */
  readonly reloadable: boolean;
  /** The raw value of a text; a text that is not one is passed on for the schema to refuse. */
  readonly fromText: (text: string) => unknown;
}

/** What a row says beside its type. */
export interface SettingText {
  readonly doc: string;
  readonly secret?: boolean;
  readonly reloadable?: boolean;
}

/** A text that is not empty. */
export function textSetting(fallback: string, text: SettingText): Setting<string> {
  return row('text', '', z.string(must('text')).min(1, must('text that is not empty')), fallback, text);
}

/** A text, or nothing. */
export function optionalTextSetting(text: SettingText): Setting<string | null> {
  const schema = z.string(must('text')).min(1, must('text that is not empty')).nullable();
  return row('text', '', schema, null, text);
}

/** A text that `parse` reads, or nothing. `type` says what it looks like, `range` what is allowed. */
export function optionalParsedSetting<T>(
  { type, range, parse }: { type: string; range: string; parse: (text: string) => Parsed<T> },
  text: SettingText,
): Setting<T | null> {
  const schema = z
    .string(must(type))
    .transform((raw, context): T => read(parse(raw), type, context))
    .nullable();
  return row(type, range, schema, null, text);
}

/** One of a few words. */
export function choiceSetting<const T extends string>(
  choices: readonly [T, ...T[]],
  fallback: T,
  text: SettingText,
): Setting<T> {
  const range = choices.join(', ');
  return row('word', range, z.enum(choices as readonly T[], must(`one of ${range}`)), fallback, text);
}

/** A whole number from `min` to `max`. */
export function integerSetting(
  [min, max]: readonly [number, number],
  fallback: number,
  text: SettingText,
): Setting<number> {
  const error = must(`a whole number from ${min} to ${max}`);
  const schema = z.int(error).min(min, error).max(max, error);
  return row('number', `${min} to ${max}`, schema, fallback, {
    ...text,
    fromText: (raw) => (/^-?\d+$/.test(raw) ? Number(raw) : raw),
  });
}

/** `true` or `false`. */
export function switchSetting(fallback: boolean, text: SettingText): Setting<boolean> {
  return row('switch', 'true, false', z.boolean(must('true or false')), fallback, {
    ...text,
    fromText: (raw) => (raw === 'true' ? true : raw === 'false' ? false : raw),
  });
}

/** A list of items of which each is read by `parse`; a single item may stand without the list. */
export function listSetting<T>(
  { item, min, parse }: { item: string; min: number; parse: (text: string) => Parsed<T> },
  fallback: readonly string[],
  text: SettingText,
): Setting<readonly T[]> {
  const one = z.string(must(item)).transform((raw, context): T => read(parse(raw), item, context));
  const schema = z
    .preprocess((raw) => (typeof raw === 'string' ? [raw] : raw), z.array(one, must(`a list of ${item}`)))
    .refine((list) => list.length >= min, must(`a list of at least ${min} ${item}`));
  return row(`list of ${item}`, min > 0 ? `at least ${min}` : '', schema, fallback, {
    ...text,
    fromText: (raw) => raw.split(/[\s,]+/).filter((part) => part !== ''),
  });
}

function row<T>(
  type: string,
  range: string,
  schema: z.ZodType<T>,
  ...[fallback, text]: [fallback: unknown, text: SettingText & { fromText?: (text: string) => unknown }]
): Setting<T> {
  return {
    type,
    range,
    schema,
    default: fallback,
    doc: text.doc,
    secret: text.secret ?? false,
    reloadable: text.reloadable ?? false,
    fromText: text.fromText ?? ((raw) => raw),
  };
}

function read<T>(result: Parsed<T>, what: string, context: z.RefinementCtx): T {
  if (result.ok) return result.value;
  context.addIssue({ code: 'custom', message: `must be ${what}: ${result.reason}` });
  return z.NEVER;
}

function must(what: string): { error: string } {
  return { error: `must be ${what}` };
}
