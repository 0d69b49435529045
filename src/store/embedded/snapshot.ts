/**
 * The snapshot: the whole store as one JSON document that a person can read, one thing on each line, so that it is
 * written and read as a stream however large it is. This is the only door to lowdb, whose `Low` holds the document.
 *
 * Invariants: the first line names format and version, in every version; the last line is the SHA-256 of all bytes
 * before it; a reader sees the old file or the new one, never a part (temporary file, fsync, rename, fsync of the
 * directory).
 */
import { createHash, randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Adapter, Low } from 'lowdb';
import { Decoder, OPTIONAL_SECTIONS, type Put, SECTIONS, type Section, encodeEntity } from '../codec.ts';
import { QuickDecoder } from '../quick/quick-decoder.ts';
import { FieldError, Fields } from '../json-fields.ts';
import { State } from '../state.ts';
import { StoreError } from '../store.ts';
import { type FileLayer, errorCode, nodeFileLayer } from './journal/file-layer.ts';
import { corruptBytes } from './corrupt-bytes.ts';
import { type Line, readLines } from './journal/line-reader.ts';
import { FORMAT, type FormatHistory, Upgrade } from './migrations.ts';
import { removeAbandoned, temporaryName } from './temporary-file.ts';

/** What the snapshot file holds. */
export interface StoreDocument {
  /** ISO 8601; null for a document that was never saved. */
  readonly savedAt: string | null;
  readonly state: State;
}

const WRITE_SIZE = 256 * 1024;
const FIRST_LINE = /^\{"format":"homing-store","version":(\d{1,9}),$/;
const LAST_LINE = /^"sha256":"([0-9a-f]{64})"\}\n$/;
const LAST_LINE_LENGTH = 77;
const KEY_LENGTH = 32;
const COMMA = 0x2c;
const NEWLINE = 0x0a;

/** The name of the snapshot in a data directory. */
export const SNAPSHOT_NAME = 'snapshot.json';

/** A snapshot file as lowdb's document; `data` is an empty store with a new token key until `read` found a file. */
export function openDocument(
  path: string,
  { history = FORMAT, files = nodeFileLayer }: { history?: FormatHistory; files?: FileLayer } = {},
): Low<StoreDocument> {
  return new Low<StoreDocument>(new SnapshotAdapter(path, history, files), {
    savedAt: null,
    state: new State(randomBytes(KEY_LENGTH)),
  });
}

/** lowdb's way to the file. `read` rejects with StoreError `corrupt` or `too-new`, `write` with Node's errors. */
class SnapshotAdapter implements Adapter<StoreDocument> {
  readonly #path: string;
  readonly #history: FormatHistory;
  readonly #files: FileLayer;

  constructor(path: string, history: FormatHistory, files: FileLayer) {
    this.#path = path;
    this.#history = history;
    this.#files = files;
  }

  async read(): Promise<StoreDocument | null> {
    try {
      return await new SnapshotReading(this.#path, this.#history).read();
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return null;
      throw error;
    }
  }

  async write(document: StoreDocument): Promise<void> {
    await removeAbandoned(this.#path, this.#files);
    const temporary = await temporaryName(this.#path);
    try {
      await writeDocument(this.#files, temporary, document);
      await this.#files.rename(temporary, this.#path);
    } catch (error) {
      // What failed may have been the making of the file itself; the failure to be told is the first one.
      await this.#files.remove(temporary).catch(() => undefined);
      throw error;
    }
    await this.#files.syncDirectory(dirname(this.#path));
  }
}

async function writeDocument(files: FileLayer, path: string, document: StoreDocument): Promise<void> {
  const file = await files.create(path);
  try {
    const hash = createHash('sha256');
    let pending = '';
    let written = 0;
    const flush = async (): Promise<void> => {
      const bytes = Buffer.from(pending, 'utf8');
      pending = '';
      hash.update(bytes);
      await file.write(bytes, written);
      written += bytes.length;
    };
    for (const text of documentText(document)) {
      pending += text;
      if (pending.length >= WRITE_SIZE) await flush();
    }
    await flush();
    await file.write(Buffer.from(`"sha256":"${hash.digest('hex')}"}\n`, 'latin1'), written);
    await file.datasync();
  } finally {
    await file.close();
  }
}

function* documentText({ savedAt, state }: StoreDocument): Generator<string> {
  yield `{"format":"homing-store","version":${FORMAT.version},\n`;
  const tokenKey = Buffer.from(state.tokenKey).toString('base64url');
  yield `"sequence":${state.sequence},"savedAt":${JSON.stringify(savedAt)},"tokenKey":"${tokenKey}",\n`;
  for (const section of SECTIONS) {
    let separator = OPTIONAL_SECTIONS.has(section) ? undefined : '';
    if (separator === '') yield `"${section}":[\n`;
    for (const put of putsOf(state, section)) {
      yield (separator ?? `"${section}":[\n`) + JSON.stringify(encodeEntity(put));
      separator = ',\n';
    }
    if (separator !== undefined) yield separator === '' ? '],\n' : '\n],\n';
  }
}

function* putsOf(state: State, section: Section): Generator<Put> {
  switch (section) {
    case 'zones':
      for (const zone of state.zones()) yield { kind: 'zone-put', zone: zone.settings };
      break;
    case 'retired':
      for (const retired of state.retiredZones()) yield { kind: 'retired-put', retired };
      break;
    case 'rrsets':
      for (const zone of state.zones()) {
        for (const [owner, rrset] of zone.staticRRsets()) {
          yield { kind: 'rrset-put', apex: zone.apex, owner, rrset };
        }
      }
      break;
    case 'accounts':
      for (const account of state.accounts()) yield { kind: 'account-put', account };
      break;
    case 'tokens':
      for (const token of state.tokens()) yield { kind: 'token-put', token };
      break;
    case 'hosts':
      for (const zone of state.zones()) for (const host of zone.hosts()) yield { kind: 'host-put', host };
      break;
    default:
      yield* state.enrolments.putsOf(section);
  }
}

/** One reading of a snapshot file; every complaint names the bytes of the line. */
class SnapshotReading {
  readonly #path: string;
  readonly #history: FormatHistory;
  readonly #decoder = new Decoder();
  #quick: QuickDecoder | undefined;
  #upgrade: Upgrade | undefined;
  #document: StoreDocument | undefined;
  #section: string | undefined;

  constructor(path: string, history: FormatHistory) {
    this.#path = path;
    this.#history = history;
  }

  async read(): Promise<StoreDocument> {
    const { expected, end } = await this.#readLastLine();
    const hash = createHash('sha256');
    let failure: Error | undefined;
    const onLine = (line: Line): boolean => {
      // The rest is hashed all the same: a wrong checksum is the better explanation of whatever is odd in here.
      failure ??= this.#tryLine(line);
      return true;
    };
    await readLines({
      ...{ path: this.#path, end, onLine },
      onChunk: (chunk) => hash.update(chunk),
      takeLines: (bytes, start) => (failure === undefined ? this.#takeQuickly(bytes, start) : start),
    });
    if (hash.digest('hex') !== expected && !isCorrupt(failure)) {
      throw corruptBytes(
        this.#path,
        { start: 0, end },
        'the checksum in the last line does not hold for them',
      );
    }
    if (failure !== undefined) throw failure;
    if (this.#document === undefined)
      throw corruptBytes(this.#path, { start: 0, end }, 'they hold no document');
    return this.#document;
  }

  async #readLastLine(): Promise<{ expected: string; end: number }> {
    await using file = await open(this.#path, 'r');
    const { size } = await file.stat();
    const end = Math.max(0, size - LAST_LINE_LENGTH);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - end), 0, size - end, end);
    const expected = LAST_LINE.exec(buffer.toString('latin1', 0, bytesRead))?.[1];
    if (expected === undefined) throw corruptBytes(this.#path, { start: end, end: size }, 'no checksum line');
    return { expected, end };
  }

  #tryLine(line: Line): Error | undefined {
    try {
      this.#takeLine(line);
      return undefined;
    } catch (error) {
      if (error instanceof SyntaxError || error instanceof FieldError) {
        return corruptBytes(this.#path, line, error.message);
      }
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  #takeLine(line: Line): void {
    const text = line.bytes.toString('utf8');
    if (this.#upgrade === undefined) {
      const version = FIRST_LINE.exec(text)?.[1];
      if (version === undefined) throw new FieldError('it is not the first line of a Homing store');
      this.#upgrade = new Upgrade(Number(version), this.#path, this.#history);
    } else if (this.#document === undefined) {
      this.#document = decodeHead(text);
      this.#quick = new QuickDecoder(this.#document.state);
    } else if (this.#section === undefined) {
      const section = /^"([a-zA-Z]+)":\[$/.exec(text)?.[1];
      if (section === undefined) throw new FieldError('it is not the beginning of a section');
      this.#section = section;
    } else if (text === '],') {
      this.#section = undefined;
    } else {
      this.#takeEntity(this.#upgrade, this.#section, text.endsWith(',') ? text.slice(0, -1) : text);
    }
  }

  /** Takes things of the usual form, each a line, from `start` on; the offset behind the last that it took. */
  #takeQuickly(bytes: Buffer, start: number): number {
    const section = this.#section;
    if (section === undefined || this.#quick === undefined || this.#upgrade?.isNone !== true) return start;
    for (let at = start; ;) {
      const end: number = this.#quick.entity(section, bytes, at);
      if (end === -1) return at;
      const newline = bytes[end] === COMMA ? end + 1 : end;
      // What it took is taken once more with its line, which shows what is wrong, or that nothing is.
      if (bytes[newline] !== NEWLINE) return at;
      at = newline + 1;
    }
  }

  #takeEntity(upgrade: Upgrade, name: string, text: string): void {
    for (const [section, value] of upgrade.entity(name, JSON.parse(text))) {
      const known = SECTIONS.find((candidate) => candidate === section);
      if (known === undefined) throw new FieldError(`there is no section ${section}`);
      const put = this.#decoder.entity(known, value);
      if (!put.ok) throw new FieldError(put.reason);
      this.#document!.state.applyChange(put.value);
    }
  }
}

function isCorrupt(error: unknown): boolean {
  return error instanceof StoreError && error.code === 'corrupt';
}

function decodeHead(text: string): StoreDocument {
  const fields = new Fields(JSON.parse(`{${text.slice(0, -1)}}`), 'document');
  const sequence = fields.integer('sequence', Number.MAX_SAFE_INTEGER);
  const savedAt = fields.textOrNull('savedAt');
  const tokenKey = Buffer.from(fields.text('tokenKey'), 'base64url');
  fields.end();
  if (tokenKey.length !== KEY_LENGTH) throw new FieldError(`tokenKey must have ${KEY_LENGTH} bytes`);
  return { savedAt, state: new State(tokenKey, sequence) };
}
