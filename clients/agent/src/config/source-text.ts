/** The sources of addresses as they are written (A-5.2): `server`, `stun:NAME`, `interface:NAME`, `command:…`, a URL. */
import { type Parsed, parsed, unparsable } from '../../../../src/ops/parsed.ts';
import type { Source } from './agent-config.ts';

const STUN_PORT = 3478;
const EXPECTED =
  'is not server, stun:NAME[:PORT], interface, interface:NAME, command:PROGRAM ARGUMENTS, or a URL';

/** Reads one source. */
export function parseSource(value: unknown): Parsed<Source> {
  if (typeof value !== 'string') return unparsable(EXPECTED);
  const text = value.trim();
  if (text === 'server') return parsed({ kind: 'server' });
  if (text === 'interface') return parsed({ kind: 'interface' });
  if (text.startsWith('interface:')) return parseInterface(text.slice('interface:'.length).trim());
  if (text.startsWith('stun:')) return parseStun(text.slice('stun:'.length));
  if (text.startsWith('command:')) return parseCommand(text.slice('command:'.length));
  const url = /^https?:\/\//i.test(text) ? URL.parse(text) : null;
  if (url?.username !== '' || url.password !== '') return unparsable(EXPECTED);
  return parsed({ kind: 'http', url: url.href });
}

/** The text of a source, as it would be written. */
export function formatSource(source: Source): string {
  switch (source.kind) {
    case 'server':
      return 'server';
    case 'http':
      return source.url;
    case 'stun':
      return `stun:${source.host.includes(':') ? `[${source.host}]` : source.host}:${source.port}`;
    case 'interface':
      return source.name === undefined ? 'interface' : `interface:${source.name}`;
    case 'command':
      return `command:${[source.program, ...source.args].map(quoted).join(' ')}`;
  }
}

function parseInterface(name: string): Parsed<Source> {
  return name === ''
    ? unparsable('names no interface; interface alone means any')
    : parsed({ kind: 'interface', name });
}

function parseStun(text: string): Parsed<Source> {
  const match = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?$/.exec(text.trim());
  const port = Number(match?.[2] ?? STUN_PORT);
  if (match === null || port < 1 || port > 65_535) return unparsable('is not stun:NAME or stun:NAME:PORT');
  return parsed({ kind: 'stun', host: match[1]!.replace(/^\[|\]$/g, ''), port });
}

/** Words are separated by blanks; those in double quotes may hold blanks. No shell reads them. */
function parseCommand(text: string): Parsed<Source> {
  const words = [...text.matchAll(/"([^"]*)"|([^\s"]+)/g)].map((match) => match[1] ?? match[2]!);
  const [program, ...args] = words;
  if (program === undefined || program === '') return unparsable('names no program after command:');
  return parsed({ kind: 'command', program, args });
}

function quoted(word: string): string {
  return /\s/.test(word) || word === '' ? `"${word}"` : word;
}
