/**
 * Commands that are too long for one line of the control socket, cut into parts and put together again.
 * Invariant: no part is longer than a line may be, and the command put together is the one that was cut.
 */
import type { AdminCommand, HostRow, HostRows } from '../../update/admin/command.ts';
import { type ControlRequest, MAX_SENT_BYTES } from './protocol.ts';

type AdminRequest = Extract<ControlRequest, { op: 'admin' }>;
type PartRequest = Extract<ControlRequest, { op: 'part' }>;

/** A command as it is sent: the parts first, each with how much of the whole is sent with it. */
export interface CutCommand {
  readonly parts: Iterable<readonly [part: PartRequest, done: number, total: number]>;
  readonly request: Pick<AdminRequest, 'op' | 'command' | 'sent'>;
}

/** UTF-16 units of a text in one part: six times as many bytes where each is escaped. */
const UNITS = 128 * 1024;
/** Rows in one part, of at most some hundred bytes each as they are checked before. */
const ROWS = 500;

/** Cuts a command where it has a long field. */
export function cutCommand(command: AdminCommand): CutCommand {
  if ('rows' in command && command.rows.length > ROWS)
    return {
      parts: cutRows(command.rows),
      request: { op: 'admin', command: { ...command, rows: [] }, sent: 'rows' },
    };
  if ('text' in command && command.text.length > UNITS)
    return {
      parts: cutText(command.text),
      request: { op: 'admin', command: { ...command, text: '' }, sent: 'text' },
    };
  return { parts: [], request: { op: 'admin', command } };
}

function* cutRows(rows: HostRows): CutCommand['parts'] & Generator {
  let part: HostRow[] = [];
  let done = 0;
  for (const row of rows) {
    part.push(row);
    done++;
    if (part.length < ROWS && done < rows.length) continue;
    yield [{ op: 'part', rows: part }, done, rows.length] as const;
    part = [];
  }
}

function* cutText(text: string): CutCommand['parts'] & Generator {
  for (let at = 0; at < text.length;) {
    let end = Math.min(at + UNITS, text.length);
    // A surrogate pair stays in one part.
    if (end < text.length && (text.charCodeAt(end) & 0xfc00) === 0xdc00) end++;
    yield [{ op: 'part', text: text.slice(at, end) }, end, text.length] as const;
    at = end;
  }
}

/** The parts that one connection has sent of its next command. */
export class SentParts {
  /** The requests that brought rows, as text: a million rows would be millions of objects to look after. */
  #lines: string[] = [];
  #rows = 0;
  #texts: string[] = [];
  #bytes = 0;

  /** Takes a part and the line that it was; false where there are more than a command may have, and none is kept. */
  add(part: PartRequest, line: string): boolean {
    this.#bytes += line.length;
    if (this.#bytes > MAX_SENT_BYTES) {
      this.#clear();
      return false;
    }
    if (part.rows !== undefined) {
      this.#lines.push(line);
      this.#rows += part.rows.length;
    }
    if (part.text !== undefined) this.#texts.push(part.text);
    return true;
  }

  /** The command with what was sent before it; the parts are used up. */
  complete({ command, sent }: AdminRequest): AdminCommand {
    const [lines, length, texts] = [this.#lines, this.#rows, this.#texts];
    this.#clear();
    if (sent === 'rows' && 'rows' in command)
      return { ...command, rows: { length, [Symbol.iterator]: () => rowsOf(lines) } };
    if (sent === 'text' && 'text' in command) return { ...command, text: texts.join('') };
    return command;
  }

  #clear(): void {
    this.#lines = [];
    this.#rows = 0;
    this.#texts = [];
    this.#bytes = 0;
  }
}

/** The rows of parts that were held to their schema when they came. */
function* rowsOf(lines: readonly string[]): Generator<HostRow> {
  for (const line of lines) yield* (JSON.parse(line) as { rows: readonly HostRow[] }).rows;
}
