/**
 * Domain names as values.
 *
 * Owns the one representation of a name: its wire form (RFC 1035 §3.1: length-prefixed labels, root byte last) in
 * lower case as a latin1 string. So `===` compares as DNS does (RFC 4343), a label may hold any octet, a dot too
 * (RFC 2181 §11), and the string can be copied into a packet as it is.
 * Invariant: labels of 1 to 63 octets, 255 octets in all with the root byte, A–Z never present.
 */

declare const brand: unique symbol;

/** Lower-case wire form of an absolute domain name as a latin1 string. Made only by this module. */
export type Name = string & { readonly [brand]: 'Name' };

/** The root, `.`. */
export const ROOT = '\0' as Name;

const MAX_NAME = 255;
const MAX_LABEL = 63;

/** The name of a wire-form name of any case, e.g. a slice of a packet that was already checked to be one. */
export function nameFromWire(wire: string): Name {
  return lowerCase(wire) as Name;
}

/**
 * Reads presentation format (RFC 1035 §5.1: dots, `\.` and `\DDD` escapes). A trailing dot is optional: the name is
 * always absolute, unless `origin` is given, which is then appended to a name without a trailing dot (`@` is the
 * origin itself). Returns undefined for anything that is not a name.
 */
export function parseName(text: string, origin: Name = ROOT): Name | undefined {
  if (text === '') return undefined;
  if (text === '.') return ROOT;
  if (text === '@' && origin !== ROOT) return origin;
  const labels: string[] = [];
  let label = '';
  let absolute = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (char === '.') {
      if (label === '') return undefined;
      labels.push(label);
      label = '';
      absolute = i === text.length - 1;
    } else if (char === '\\') {
      const escape = /^(?:\d{3}|[^\d])/.exec(text.slice(i + 1))?.[0];
      if (escape === undefined || (escape.length === 3 && Number(escape) > 255)) return undefined;
      label += escape.length === 3 ? String.fromCharCode(Number(escape)) : escape;
      i += escape.length;
    } else {
      label += char;
    }
  }
  if (label !== '') labels.push(label);
  const relative = nameFromLabels(labels);
  if (relative === undefined || absolute || origin === ROOT) return relative;
  const whole = relative.slice(0, -1) + origin;
  return whole.length > MAX_NAME ? undefined : (whole as Name);
}

/** The name with these labels (leftmost first, octets as latin1), or undefined where a limit is broken. */
export function nameFromLabels(labels: readonly string[]): Name | undefined {
  let wire = '';
  for (const label of labels) {
    if (label.length === 0 || label.length > MAX_LABEL || /[^\0-\xff]/.test(label)) return undefined;
    wire += String.fromCharCode(label.length) + label;
  }
  wire += '\0';
  return wire.length > MAX_NAME ? undefined : (lowerCase(wire) as Name);
}

/** Presentation format with a trailing dot; octets that are not printable or have a meaning are escaped. */
export function formatName(name: Name): string {
  return name === ROOT ? '.' : formatHostname(name) + '.';
}

/** Presentation format without the trailing dot, as people and DDNS clients write host names. */
export function formatHostname(name: Name): string {
  return name === ROOT ? '.' : labelsOf(name).map(formatLabel).join('.');
}

/** Labels from the leftmost, without the root's empty one. */
export function labelsOf(name: Name): string[] {
  const labels: string[] = [];
  for (let at = 0; name.charCodeAt(at) !== 0; at += 1 + name.charCodeAt(at)) {
    labels.push(name.slice(at + 1, at + 1 + name.charCodeAt(at)));
  }
  return labels;
}

/** How many labels a name has; the root has none. */
export function labelCount(name: Name): number {
  let count = 0;
  for (let at = 0; name.charCodeAt(at) !== 0; at += 1 + name.charCodeAt(at)) count++;
  return count;
}

/** The name without its leftmost label; undefined for the root. */
export function parentOf(name: Name): Name | undefined {
  const length = name.charCodeAt(0);
  return length === 0 ? undefined : (name.slice(1 + length) as Name);
}

/** Whether `name` is `ancestor` or below it (RFC 8499: subdomain). */
export function isSubdomain(name: Name, ancestor: Name): boolean {
  if (name.length < ancestor.length || !name.endsWith(ancestor)) return false;
  // The tail must start at a label boundary: a label may hold bytes that look like a name.
  const start = name.length - ancestor.length;
  let at = 0;
  while (at < start) at += 1 + name.charCodeAt(at);
  return at === start;
}

/** `*.` + name, or undefined where that would be too long. */
export function wildcardOf(name: Name): Name | undefined {
  return name.length + 2 > MAX_NAME ? undefined : (('\x01*' + name) as Name);
}

/** Whether the leftmost label is a lone asterisk (RFC 4592 §2.1.1). */
export function isWildcard(name: Name): boolean {
  return name.startsWith('\x01*');
}

function formatLabel(label: string): string {
  // Nearly all labels stand for themselves, and looking costs a fraction of replacing nothing.
  if (!/[^!-~]|[.\\"();@$]/.test(label)) return label;
  return label.replace(/[^!-~]|[.\\"();@$]/g, (char) =>
    /[!-~]/.test(char) ? `\\${char}` : `\\${char.charCodeAt(0).toString().padStart(3, '0')}`,
  );
}

function lowerCase(text: string): string {
  // Not toLowerCase(): it would also fold À–Þ, which DNS keeps apart (RFC 4343 §2). Length bytes are at most 63,
  // below 'A', so a whole wire form can be folded at once.
  return /[A-Z]/.test(text) ? text.replace(/[A-Z]+/g, (run) => run.toLowerCase()) : text;
}
