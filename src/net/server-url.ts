/**
 * How devices reach a server over HTTP: `http://NAME[:PORT]` or `https://NAME[:PORT]`, nothing behind it.
 * Invariant: the authority is as a device must be given it, the scheme's own port left out (RFC 3986 §3.2.3).
 */
import { type Parsed, parsed, unparsable } from '../ops/parsed.ts';

/** A server as devices reach it. */
export interface ServerUrl {
  readonly scheme: 'http' | 'https';
  /** Name or address, with `:PORT` where it is not the scheme's own. */
  readonly authority: string;
}

const EXPECTED = 'is not a URL such as http://dyn.example.org:8080 or https://dyn.example.org';

/** Reads a server's URL; a bare name is plain HTTP. */
export function parseServerUrl(text: string): Parsed<ServerUrl> {
  const trimmed = text.trim();
  const full = /^https?:\/\//i.test(trimmed) ? trimmed : `http://${trimmed}`;
  const url = URL.parse(full);
  const isBare = url?.pathname === '/' && [url.search, url.hash, url.username, url.password].join('') === '';
  if (!isBare || /[\s\\]/.test(trimmed)) return unparsable(`"${text}" ${EXPECTED}`);
  return parsed({ scheme: url.protocol === 'https:' ? 'https' : 'http', authority: url.host });
}

/** The URL without a path. */
export function formatServerUrl({ scheme, authority }: ServerUrl): string {
  return `${scheme}://${authority}`;
}
