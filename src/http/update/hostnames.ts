/**
 * Host names as devices write them. Owns what counts as a fully qualified host name in an update: letters, digits,
 * hyphens and underscores in at least two labels, a trailing dot and any case allowed, a leading `*` label let
 * through to be looked up, IDNs by UTS #46. Everything else is `undefined`, which the reply shows as notfqdn.
 */
import { domainToASCII } from 'node:url';
import { type Name, parseName } from '../../zone/name.ts';

const LONGEST = 255;
const LABELS =
  /^(?:\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.?$/i;
const NUMERIC_LAST_LABEL = /(?:^|\.)\d+\.?$/;
const NOT_ASCII = /[^\x00-\x7f]/;

/** The name, or undefined where the text is no fully qualified host name (an IP address is none either). */
export function parseHostname(text: string): Name | undefined {
  if (text.length > LONGEST) return undefined;
  const ascii = NOT_ASCII.test(text) ? domainToASCII(text) : text;
  if (!LABELS.test(ascii) || NUMERIC_LAST_LABEL.test(ascii)) return undefined;
  return parseName(ascii);
}
