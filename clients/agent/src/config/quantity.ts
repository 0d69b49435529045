/**
 * Durations and sizes as people write them (`5m`, `10MB`). Invariant: a number without a unit is refused, because nobody
 * can tell which unit was meant.
 */
import { type Parsed, parsed, unparsable } from '../../../../src/ops/parsed.ts';

const MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const OCTETS = { B: 1, kB: 1000, MB: 1_000_000, GB: 1_000_000_000 } as const;

/** The bounds of a quantity, as text of its own kind, both included. */
export interface Bounds {
  readonly least: string;
  readonly most: string;
}

/** Reads `30s`, `5m`, `1d` and the like to milliseconds. */
export function parseDuration(value: unknown, bounds?: Bounds): Parsed<number> {
  return parseQuantity(value, MS, { ...bounds, example: 'a duration such as 30s, 5m or 1d' });
}

/** Reads `10MB` and the like to octets. */
export function parseSize(value: unknown, bounds?: Bounds): Parsed<number> {
  return parseQuantity(value, OCTETS, { ...bounds, example: 'a size such as 500kB or 10MB' });
}

/** A duration for people, in its largest two units. */
export function describeDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return '0 s';
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}

function parseQuantity(
  value: unknown,
  units: Readonly<Record<string, number>>,
  { least, most, example }: Partial<Bounds> & { readonly example: string },
): Parsed<number> {
  const amount = amountOf(value, units);
  if (amount === undefined) return unparsable(`is not ${example}`);
  const [low, high] = [amountOf(least, units), amountOf(most, units)];
  if ((low !== undefined && amount < low) || (high !== undefined && amount > high))
    return unparsable(`is not between ${least!} and ${most!}`);
  return parsed(amount);
}

function amountOf(value: unknown, units: Readonly<Record<string, number>>): number | undefined {
  const match =
    typeof value === 'string' ? /^(\d{1,9}(?:\.\d{1,3})?) ?([A-Za-z]+)$/.exec(value.trim()) : null;
  if (match === null) return undefined;
  const unit = Object.keys(units).find((name) => name.toLowerCase() === match[2]!.toLowerCase());
  return unit === undefined ? undefined : Math.round(Number(match[1]) * units[unit]!);
}
