/**
 * A disk that can lose its power at any moment: a file layer that writes through to real files, which the store reads
 * back, and remembers in what order what was written, synced, named and removed.
 *
 * Invariant: of what was not synced any part may be gone after a crash, and of a write any range of its bytes, or any of
 * the sectors it touches, may be there, over what was synced before; a write that is durable by itself makes nothing
 * else so; writes to different files, and changes of a directory's entries, are lost or kept independently of each other
 * and of their order; only a rename is never half done. That is less than any real file system promises.
 */
import {
  closeSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { FileLayer, JournalFile } from '../../../src/store/embedded/journal/file-layer.ts';
import { isLockFile } from '../../../src/store/embedded/lock.ts';

type Operation =
  | { readonly kind: 'name'; readonly path: string; readonly file: number; readonly from?: string }
  | { readonly kind: 'remove'; readonly path: string }
  | Content
  | { readonly kind: 'sync'; readonly file: number }
  | { readonly kind: 'written'; readonly file: number; readonly content: Content }
  | { readonly kind: 'sync-directory'; readonly path: string };

type Content =
  | { readonly kind: 'write'; readonly file: number; readonly at: number; readonly bytes: Buffer }
  | { readonly kind: 'truncate'; readonly file: number; readonly length: number };

type Entry = Extract<Operation, { kind: 'name' | 'remove' }>;

/** What a crash leaves of things that were not synced. */
export interface Survival {
  /** Whether a change of a directory's entries, or the truncation of a file, is there. */
  keeps(): boolean;
  /** The ranges of a write's bytes that are there, of a write at this offset of a file. */
  ranges(length: number, at: number): readonly (readonly [from: number, to: number])[];
}

/** The files that a crash leaves, by their paths. */
export type Image = ReadonlyMap<string, Buffer>;

/** A simulated disk over a directory; what lies there at first is durable. */
export class SimulatedDisk implements FileLayer {
  readonly #durable = new Map<string, number>();
  readonly #contents: Buffer[] = [];
  readonly #names = new Map<string, number>();
  readonly #log: Operation[] = [];

  constructor(directory: string) {
    for (const name of readdirSync(directory)) {
      if (isLockFile(name)) continue;
      const path = join(directory, name);
      this.#durable.set(path, this.#contents.length);
      this.#names.set(path, this.#contents.length);
      this.#contents.push(readFileSync(path));
    }
  }

  /** How many operations there were. */
  get time(): number {
    return this.#log.length;
  }

  /** What the operation before this time was, for people. */
  describe(time: number): string {
    const last = this.#log[time - 1];
    if (last === undefined) return 'nothing';
    const where = 'path' in last ? last.path : `file ${last.file}`;
    return `${last.kind} ${where}${last.kind === 'write' ? ` (${last.bytes.length} bytes at ${last.at})` : ''}`;
  }

  create = async (path: string): Promise<JournalFile> => {
    await turn();
    const descriptor = openSync(path, 'w+', 0o600);
    let file = this.#names.get(path);
    if (file === undefined) {
      file = this.#contents.push(Buffer.alloc(0)) - 1;
      this.#names.set(path, file);
      this.#log.push({ kind: 'name', path, file });
    } else {
      this.#log.push({ kind: 'truncate', file, length: 0 });
    }
    return this.#opened(descriptor, file);
  };

  open = async (path: string): Promise<JournalFile> => {
    await turn();
    return this.#opened(openSync(path, 'r+'), this.#names.get(path)!);
  };

  openDurable = async (path: string): Promise<JournalFile> => {
    await turn();
    return this.#opened(openSync(path, 'r+'), this.#names.get(path)!, true);
  };

  remove = async (path: string): Promise<void> => {
    await turn();
    unlinkSync(path);
    this.#names.delete(path);
    this.#log.push({ kind: 'remove', path });
  };

  rename = async (from: string, to: string): Promise<void> => {
    await turn();
    renameSync(from, to);
    const file = this.#names.get(from)!;
    this.#names.delete(from);
    this.#names.set(to, file);
    this.#log.push({ kind: 'name', path: to, file, from });
  };

  syncDirectory = async (path: string): Promise<void> => {
    await turn();
    this.#log.push({ kind: 'sync-directory', path });
  };

  /** The files after a loss of power before operation number `time`. */
  crash(time: number, survival: Survival): Image {
    const files = this.#contents.map((durable) => ({ durable, pending: [] as Content[] }));
    const entries = new Map(this.#durable);
    let pending: Entry[] = [];
    for (const operation of this.#log.slice(0, time)) {
      if (operation.kind === 'name' || operation.kind === 'remove') pending.push(operation);
      else if (operation.kind === 'sync-directory') {
        for (const entry of pending) if (dirname(entry.path) === operation.path) applyEntry(entries, entry);
        pending = pending.filter((entry) => dirname(entry.path) !== operation.path);
      } else if (operation.kind === 'sync') {
        const file = files[operation.file]!;
        file.durable = file.pending.reduce(applyContent, file.durable);
        file.pending = [];
      } else if (operation.kind === 'written') {
        const file = files[operation.file]!;
        file.durable = applyContent(file.durable, operation.content);
        file.pending = file.pending.filter((content) => content !== operation.content);
      } else {
        files[operation.file]!.pending.push(operation);
      }
    }
    for (const entry of pending) if (survival.keeps()) applyEntry(entries, entry);
    const image = new Map<string, Buffer>();
    for (const [path, number] of entries) {
      const { durable, pending: contents } = files[number]!;
      image.set(
        path,
        contents.flatMap((content) => remains(content, survival)).reduce(applyContent, durable),
      );
    }
    return image;
  }

  #opened(descriptor: number, file: number, isDurable = false): JournalFile {
    return {
      write: async (bytes, at) => {
        await turn();
        const content: Content = { kind: 'write', file, at, bytes: Buffer.from(bytes) };
        writeSync(descriptor, content.bytes, 0, content.bytes.length, at);
        this.#log.push(content);
        if (!isDurable) return;
        await turn();
        this.#log.push({ kind: 'written', file, content });
      },
      datasync: async () => {
        await turn();
        this.#log.push({ kind: 'sync', file });
      },
      truncate: async (length) => {
        await turn();
        ftruncateSync(descriptor, length);
        this.#log.push({ kind: 'truncate', file, length });
      },
      close: async () => {
        await turn();
        closeSync(descriptor);
      },
    };
  }
}

/** Every operation takes a turn of the event loop, so that those of different tasks mix as they do on a real disk. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function applyEntry(entries: Map<string, number>, entry: Entry): void {
  if (entry.kind === 'remove') entries.delete(entry.path);
  else {
    if (entry.from !== undefined) entries.delete(entry.from);
    entries.set(entry.path, entry.file);
  }
}

function applyContent(before: Buffer, content: Content): Buffer {
  const size =
    content.kind === 'truncate' ? content.length : Math.max(before.length, content.at + content.bytes.length);
  // What was never written reads as zeros.
  const after = Buffer.alloc(size);
  before.copy(after);
  if (content.kind === 'write') content.bytes.copy(after, content.at);
  return after;
}

function remains(content: Content, survival: Survival): readonly Content[] {
  if (content.kind === 'truncate') return survival.keeps() ? [content] : [];
  return survival
    .ranges(content.bytes.length, content.at)
    .map(([from, to]) => ({ ...content, at: content.at + from, bytes: content.bytes.subarray(from, to) }));
}
