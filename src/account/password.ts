/**
 * Account passwords: hashed and checked with bcrypt, off the event loop, behind a bounded queue.
 *
 * Invariants: no call blocks the event loop; what waits is bounded, for all and for each source, and what is more is
 * refused at once; bcrypt sees a digest of constant length, so that its limit of 72 bytes and its end at a NUL byte
 * never cut a password short. Idle threads end by themselves and never keep the process alive.
 */
import { createHmac } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { Piscina } from 'piscina';
import type { HashTask, PasswordWorkerData, VerifyTask } from './password-worker.ts';

/** Why a password was not hashed or checked. */
export type PasswordErrorCode =
  | 'overloaded' // the queue, or this source's share of it, is full; nothing was computed
  | 'closed' // the hasher was closed before an answer was there
  | 'failed'; // the thread failed, or what is stored is no bcrypt hash

/** An operational failure of the password hasher. */
export class PasswordError extends Error {
  override readonly name = 'PasswordError';
  readonly code: PasswordErrorCode;

  constructor(code: PasswordErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** From where a password came: its network, and whether somebody logged in rightly from there of late. */
export interface PasswordSource {
  readonly network: string;
  readonly isKnown: boolean;
}

/** Hashes and checks passwords. Every promise rejects with PasswordError only. */
export interface PasswordHasher {
  /** A bcrypt hash of the password, to be stored. */
  hash(password: string): Promise<string>;
  /**
   * Whether `hash` was made of this password. With null (no such account, or one without a password) the same work
   * is done and the answer is false. `source` names whose share of the queue it takes.
   */
  verify(password: string, hash: string | null, source?: PasswordSource): Promise<boolean>;
  /** Whether a `verify` for this source would be taken now, and not refused as `overloaded`; costs nothing. */
  hasRoom(source?: PasswordSource): boolean;
  /** How many calls are computed or wait. */
  readonly pending: number;
  /** Ends the threads at once; what is under way rejects with `closed`. May be called twice. */
  close(): Promise<void>;
}

/** How passwords are hashed. */
export interface PasswordHasherOptions {
  /** bcrypt's cost, the binary logarithm of its rounds: 4 to 31, default 12. */
  readonly cost?: number;
  /** How many compute at once; default: half of the processors, at least one. */
  readonly threads?: number;
  /** How many may wait beyond those that compute; default 64. */
  readonly queueLimit?: number;
  /** How many of one source may compute or wait; default: an eighth of the queue, at least two. */
  readonly sourceLimit?: number;
}

const BCRYPT_HASH = /^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$/;
const IDLE_MILLISECONDS = 30_000;
// Separates these digests from any other use of SHA-256, so that lists leaked elsewhere do not help against them.
const DIGEST_CONTEXT = 'homing account password v1';

/** A hasher with threads of its own, which start with the first call. Throws RangeError on a cost bcrypt lacks. */
export function createPasswordHasher(options: PasswordHasherOptions = {}): PasswordHasher {
  return new WorkerPasswordHasher(options);
}

/** Threads that compute, and what they have to. */
interface Crew {
  readonly pool: Piscina;
  pending: number;
  /** Whether so many have waited that its threads may have made way for all others, which they do for good. */
  mayHaveMadeWay: boolean;
  /** Once its threads are being ended. */
  ending: Promise<void> | undefined;
}

class WorkerPasswordHasher implements PasswordHasher {
  readonly #cost: number;
  readonly #threads: number;
  readonly #limit: number;
  /** For sources that are not known: a quarter of the queue is kept for those that are. */
  readonly #strangersLimit: number;
  readonly #sourceLimit: number;
  readonly #decoy: string;
  readonly #pendingOf = new Map<string, number>();
  /** Read by the threads, too. */
  readonly #shared: PasswordWorkerData;
  #pending = 0;
  /** Whoever computes what comes next. */
  #crew: Crew | undefined;
  /** All that have not ended. */
  readonly #crews = new Set<Crew>();
  /** Why the last crew was given up: the reason behind the rejections that followed. */
  #startError: unknown;
  #closed = false;

  constructor(options: PasswordHasherOptions) {
    const { cost = 12, threads = Math.max(1, availableParallelism() >> 1), queueLimit = 64 } = options;
    // bcryptjs would silently take the nearest cost that it has.
    if (!Number.isInteger(cost) || cost < 4 || cost > 31)
      throw new RangeError(`bcrypt's cost is 4 to 31, not ${cost}`);
    this.#cost = cost;
    this.#threads = threads;
    this.#limit = threads + queueLimit;
    this.#strangersLimit = this.#limit - (queueLimit >> 2);
    this.#sourceLimit = options.sourceLimit ?? Math.max(2, queueLimit >> 3);
    const pending = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
    this.#shared = { pending, crowd: threads + Math.max(1, (queueLimit * 3) >> 3) };
    // Well-formed and of this cost, but the hash of nothing that anyone could find.
    this.#decoy = `$2b$${String(cost).padStart(2, '0')}$${'.'.repeat(53)}`;
  }

  get pending(): number {
    return this.#pending;
  }

  hasRoom(source?: PasswordSource): boolean {
    if (source === undefined) return this.#pending < this.#limit;
    const ofSource = this.#pendingOf.get(source.network) ?? 0;
    const limit = source.isKnown ? this.#limit : this.#strangersLimit;
    return this.#pending < limit && ofSource < this.#sourceLimit;
  }

  hash(password: string): Promise<string> {
    const task: HashTask = { digest: digestPassword(password), cost: this.#cost };
    return this.#run<string>('hash', task, undefined);
  }

  async verify(password: string, hash: string | null, source?: PasswordSource): Promise<boolean> {
    if (hash !== null && !BCRYPT_HASH.test(hash))
      throw new PasswordError('failed', 'what is stored as password hash is not one: set the password again');
    const task: VerifyTask = { digest: digestPassword(password), hash: hash ?? this.#decoy };
    return (await this.#run<boolean>('verify', task, source)) && hash !== null;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#crew = undefined;
    await Promise.all(Array.from(this.#crews, (crew) => this.#end(crew)));
  }

  async #run<T>(
    name: 'hash' | 'verify',
    task: HashTask | VerifyTask,
    source: PasswordSource | undefined,
  ): Promise<T> {
    if (this.#closed) throw new PasswordError('closed', 'the password hasher is closed');
    if (!this.hasRoom(source))
      throw new PasswordError('overloaded', 'too many passwords are waiting to be checked');
    const crew = (this.#crew ??= this.#newCrew());
    this.#count(crew, 1);
    if (source !== undefined)
      this.#pendingOf.set(source.network, (this.#pendingOf.get(source.network) ?? 0) + 1);
    try {
      return (await crew.pool.run(task, { name })) as T;
    } catch (error) {
      throw this.#failure(error);
    } finally {
      this.#count(crew, -1);
      if (source !== undefined) this.#release(source.network);
    }
  }

  #count(crew: Crew, change: 1 | -1): void {
    this.#pending += change;
    crew.pending += change;
    Atomics.store(this.#shared.pending, 0, this.#pending);
    if (this.#pending >= this.#shared.crowd) crew.mayHaveMadeWay = true;
    // Few are left of the crowd: who comes now gets threads that did not make way.
    else if (crew.mayHaveMadeWay && this.#pending <= this.#shared.crowd >> 1 && this.#crew === crew)
      this.#crew = undefined;
    if (crew.pending === 0 && this.#crew !== crew) void this.#end(crew);
  }

  /** Ends the threads of a crew at once. */
  #end(crew: Crew): Promise<void> {
    crew.ending ??= crew.pool.destroy().finally(() => this.#crews.delete(crew));
    return crew.ending;
  }

  #failure(error: unknown): PasswordError {
    if (this.#closed) return new PasswordError('closed', 'the password hasher was closed', { cause: error });
    return new PasswordError('failed', 'the thread for passwords failed', {
      cause: this.#startError ?? error,
    });
  }

  #release(network: string): void {
    const left = this.#pendingOf.get(network)! - 1;
    if (left === 0) this.#pendingOf.delete(network);
    else this.#pendingOf.set(network, left);
  }

  #newCrew(): Crew {
    const pool = new Piscina({
      // A checkout runs the sources, the published package what they were compiled to.
      filename: new URL(`./password-worker${extname(import.meta.url)}`, import.meta.url).href,
      name: 'verify',
      minThreads: 0,
      maxThreads: this.#threads,
      idleTimeout: IDLE_MILLISECONDS,
      // `#run` admits; this is only the backstop, which also holds what waits for the first threads to start.
      maxQueue: this.#limit,
      // What the process was started with (inspectors, evaluated code, secrets) is not for this thread.
      execArgv: [],
      env: {},
      recordTiming: false,
      workerData: this.#shared,
    });
    const crew: Crew = { pool, pending: 0, mayHaveMadeWay: false, ending: undefined };
    pool.on('error', (error) => {
      // A thread that could not start leaves what waits for it unanswered. Ending the pool rejects all of it, and
      // the next call starts afresh.
      if (this.#crew === crew) this.#crew = undefined;
      this.#startError = error;
      void this.#end(crew);
    });
    this.#crews.add(crew);
    this.#startError = undefined;
    return crew;
  }
}

/** What bcrypt is given for a password: 44 characters, whatever its length; composed and decomposed é are one. */
function digestPassword(password: string): string {
  return createHmac('sha256', DIGEST_CONTEXT).update(password.normalize('NFC'), 'utf8').digest('base64');
}
