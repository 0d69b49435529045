/**
 * Times as zone files write them: seconds, or numbers with units (`1h30m`, `2D`) as BIND reads them.
 * Invariant: a TTL is 0 to 2^31-1 seconds (RFC 2181 §8), any other time at most 2^32-1.
 */

/** The longest TTL (RFC 2181 §8). */
export const MAX_TTL = 0x7fff_ffff;

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** Seconds of `3600`, `1h` or `1w2d3h4m5s` in any case; undefined for everything else and above 2^32-1. */
export function parseDuration(text: string): number | undefined {
  let seconds = 0;
  if (/^\d{1,10}$/.test(text)) {
    seconds = Number(text);
  } else {
    if (!/^(?:\d{1,10}[smhdw])+$/i.test(text)) return undefined;
    for (const [, count, unit] of text.matchAll(/(\d+)([a-z])/gi)) {
      seconds += Number(count) * UNITS[unit!.toLowerCase()]!;
    }
  }
  return seconds > 0xffff_ffff ? undefined : seconds;
}

/** A TTL in seconds, or undefined where it is no time or longer than 2^31-1 seconds. */
export function parseTtl(text: string): number | undefined {
  const seconds = parseDuration(text);
  return seconds === undefined || seconds > MAX_TTL ? undefined : seconds;
}
