/**
 * Lists of hosts from files and standard input: CSV (RFC 4180) or one JSON object a line.
 * Invariant: what comes out is text that nobody has judged yet, with its line; what is no list of hosts at all is
 * refused with its line and column.
 */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CsvError, type Options, parse } from 'csv-parse';
import { describeError } from '../../config/layer.ts';
import type { HostRow, OnProgress } from '../../update/admin/command.ts';
import type { CliContext } from '../context.ts';
import { CliError } from '../exit-code.ts';

/** The columns of a list in their order where its first line does not name them, and the keys of a JSON object. */
export const HOST_COLUMNS = [
  'fqdn',
  'account',
  'ipv4',
  'ipv6',
  'ttl',
  'prefixOf',
  'subnet',
  'interfaceId',
  'mac',
] as const;

/** Columns whose JSON values may be numbers, too. */
const NUMBERS: readonly Column[] = ['ttl', 'subnet'];

type Column = (typeof HOST_COLUMNS)[number];

const REPORT_EVERY = 10_000;

/** The rows of a list; `-` is standard input. Rejects with CliError, exit code 1 for a file that cannot be read. */
export async function readHostList(
  { stdin }: Pick<CliContext, 'stdin'>,
  file: string,
  onProgress?: OnProgress,
): Promise<HostRow[]> {
  const source = file === '-' ? stdin : createReadStream(file);
  const rows: HostRow[] = [];
  const take = (row: HostRow): void => {
    rows.push(row);
    if (rows.length % REPORT_EVERY === 0) onProgress?.({ stage: 'reading', done: rows.length });
  };
  try {
    if (await isJsonLines(file, source)) await readJsonLines(source, take);
    else await readCsv(source, take);
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(1, 'unreadable', `cannot read ${file}: ${describeError(error)}`, { cause: error });
  }
  return rows;
}

/** By the file's name, or where that says nothing by the first byte that is no blank. */
async function isJsonLines(file: string, source: Readable): Promise<boolean> {
  if (/\.(jsonl|ndjson)$/i.test(file)) return true;
  if (/\.csv$/i.test(file)) return false;
  for await (const chunk of source.iterator({ destroyOnReturn: false })) {
    const bytes = Buffer.from(chunk as Buffer);
    const text = bytes
      .toString('latin1')
      .replace(/^\xef\xbb\xbf/, '')
      .trimStart();
    if (text === '') continue;
    source.unshift(bytes);
    return text.startsWith('{');
  }
  return false;
}

async function readCsv(source: Readable, take: (row: HostRow) => void): Promise<void> {
  let columns: readonly Column[] | undefined;
  const options: Options = {
    bom: true,
    trim: true,
    skip_empty_lines: true,
    relax_column_count: true,
    // Rows are taken here and not from the stream, which would keep each until somebody asks for it.
    on_record: (record, { lines }) => {
      if (columns === undefined) {
        const named = namedColumns(record, lines);
        columns = named ?? HOST_COLUMNS;
        if (named !== undefined) return null;
      }
      take(rowOf(record, columns, lines));
      return null;
    },
  };
  const parser = parse(options);
  parser.resume();
  try {
    await pipeline(source, parser);
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const { lines, column } = error as CsvError & { lines?: number; column?: number | string };
    throw malformed(lines ?? 1, error.message, typeof column === 'number' ? column + 1 : undefined);
  }
}

/** The columns that a first line names; undefined where it is a host's. */
function namedColumns(fields: readonly string[], line: number): readonly Column[] | undefined {
  // Spreadsheets write `Prefix of` where scripts write `prefixOf`.
  const names = fields.map((field) => field.toLowerCase().replace(/[ _-]/g, ''));
  if (!names.includes('fqdn')) return undefined;
  return names.map((name, i) => {
    const column = HOST_COLUMNS.find((known) => known.toLowerCase() === name);
    if (column === undefined || names.indexOf(name) !== i)
      throw malformed(
        line,
        `"${fields[i]!}" is no column: there are ${HOST_COLUMNS.join(', ')}, each once`,
        i + 1,
      );
    return column;
  });
}

function rowOf(fields: readonly string[], columns: readonly Column[], line: number): HostRow {
  const row: { line: number; fqdn: string } & Partial<Record<Column, string>> = { line, fqdn: '' };
  for (const [i, text] of fields.entries()) {
    const column = columns[i];
    if (column !== undefined) {
      if (text !== '') row[column] = text;
    } else if (text !== '') {
      throw malformed(line, `"${text}" belongs to no column: there are ${columns.join(', ')}`, i + 1);
    }
  }
  return row;
}

async function readJsonLines(source: Readable, take: (row: HostRow) => void): Promise<void> {
  let line = 0;
  // Where the file cannot be read, the interface would end as if that were its end.
  const failed = new Promise<never>((_, reject) => source.once('error', reject));
  failed.catch(() => undefined);
  for await (const text of createInterface({ input: source, crlfDelay: Infinity })) {
    line++;
    if (text.trim() !== '') take(rowOfJson(text, line));
  }
  if (source.errored !== null) await failed;
}

function rowOfJson(text: string, line: number): HostRow {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (error) {
    throw malformed(line, `it is no JSON object: ${describeError(error)}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw malformed(line, 'it is no JSON object');
  const row: { line: number; fqdn: string } & Partial<Record<Column, string>> = { line, fqdn: '' };
  for (const [key, field] of Object.entries(value)) {
    const column = HOST_COLUMNS.find((known) => known === key);
    if (column === undefined)
      throw malformed(line, `"${key}" is no key: there are ${HOST_COLUMNS.join(', ')}`);
    if (field === null || field === '') continue;
    if (typeof field !== 'string' && !(NUMBERS.includes(column) && typeof field === 'number'))
      throw malformed(line, `"${key}" must be text`);
    row[column] = String(field);
  }
  return row;
}

function malformed(line: number, reason: string, column?: number): CliError {
  const where = column === undefined ? `line ${line}` : `line ${line}, column ${column}`;
  return new CliError(2, 'invalid', `${where}: ${reason}; nothing was changed`);
}
