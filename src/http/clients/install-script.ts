/**
 * `GET /install.ps1`: the installer with this server's own address in it, so that
 * `irm https://ddns.example.org/install.ps1 | iex` needs nothing else.
 * Invariant: what is put into the script is a scheme, a host and a port of plain characters, or nothing is sent: it is
 * going to be run.
 */
import { formatServerUrl, type ServerUrl } from '../../net/server-url.ts';
import type { Exchange } from '../exchange.ts';

/** A host name or address with an optional port; no character of it means anything to a shell. */
const AUTHORITY = /^(?:[a-z0-9](?:[a-z0-9._-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i;

/** The line that is filled in. */
const MARKED_LINE = /^([ \t]*\$HomingServer[ \t]*=[ \t]*)(?:''|"")([ \t]*#[ \t]*homing:server\b.*)$/m;

/** The address under which devices reach this server: the setting, or what this request asked for; undefined where that is no plain one. */
export function serverOf(exchange: Exchange, publicUrl: ServerUrl | null): string | undefined {
  const url = publicUrl ?? { scheme: exchange.secure ? 'https' : 'http', authority: exchange.host };
  return AUTHORITY.test(url.authority) ? formatServerUrl(url) : undefined;
}

/**
 * The script for a server; undefined where it has no marked line. A byte order mark is left out: it is for files, and
 * as the first character of what `iex` runs it is an error.
 */
export function fillInServer(script: string, server: string): string | undefined {
  const text = script.replace(/^\uFEFF/, '');
  if (!MARKED_LINE.test(text)) return undefined;
  return text.replace(MARKED_LINE, (_line, before: string, after: string) => `${before}'${server}'${after}`);
}
