/**
 * The answer table as the main thread uses it: kept equal to the zones for the workers, if there are any, and read here
 * for plain queries that arrive on the main thread, over TCP or where node:dgram serves UDP.
 *
 * Invariants: what a commit changed is published before the commit is acknowledged, so that the query after a device
 * read its reply already gets the new address, from whichever thread; nothing is answered from a table that does not
 * hold all zones yet.
 */
import { randomInt } from 'node:crypto';
import { beginInTurns } from '../../ops/steps.ts';
import type { Change } from '../../store/change.ts';
import { CookieInPlace } from '../cookies/cookie-in-place.ts';
import type { ByteRange, ServerCookies } from '../cookies/server-cookies.ts';
import { MIN_UDP_PAYLOAD } from '../edns/opt.ts';
import { FastAnswer } from '../fast/fast-answer.ts';
import type { PublishedZones } from '../fast/publish/commit-scope.ts';
import { Publisher } from '../fast/publish/publisher.ts';
import type { GeneralAnswer } from '../fast/publish/soa-template.ts';
import { AnswerTable } from '../fast/table/answer-table.ts';

/**
 * The zones, and the way to hear of each commit once it is visible in them and before it is acknowledged, which waits
 * for the listener's promise.
 */
export interface ZoneFeed {
  readonly view: PublishedZones;
  onCommit(listener: (changes: readonly Change[]) => unknown): () => void;
}

/** A table and the memory it lies in, by the numbers of its chunks. */
export interface TableWithMemory {
  readonly table: AnswerTable;
  readonly chunks: readonly SharedArrayBuffer[];
}

/** A table that no other thread reads. */
export function createLocalTable(): TableWithMemory {
  const chunks: SharedArrayBuffer[] = [];
  // Whoever reads it does so between two changes: there are no readers to wait for.
  const readers = new Int32Array(0);
  return { table: new AnswerTable(randomInt(2 ** 32) | 0, readers, (chunk) => chunks.push(chunk)), chunks };
}

/** Room for the largest reply, which is also more than any plain query. */
const ROOM = MIN_UDP_PAYLOAD;
const SLAB_BYTES = 65_536;

/** Publishes the zones, and answers from what is published. */
export class PublishedAnswers {
  readonly #feed: ZoneFeed;
  readonly #publisher: Publisher;
  readonly #fast: FastAnswer;
  readonly #cookies: CookieInPlace | undefined;
  /** Whose query is being answered. */
  readonly #client: ByteRange = { bytes: new Uint8Array(16), at: 0, length: 0 };
  /** Replies are made here, one behind the other: a socket may hold on to one while the next is made. */
  #slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
  #end = 0;
  #isComplete = false;
  #unsubscribe: (() => void) | undefined;

  /** `general` is the general lane without limits, for what is published of its answers. */
  constructor(
    { table, chunks }: TableWithMemory,
    feed: ZoneFeed,
    { general, cookies }: { general: GeneralAnswer; cookies: ServerCookies | undefined },
  ) {
    this.#feed = feed;
    this.#cookies = cookies && new CookieInPlace(cookies, this.#client);
    this.#publisher = new Publisher(table, feed.view, general);
    this.#fast = new FastAnswer(table.seed, (chunk) => chunks[chunk]!);
  }

  /** Publishes all zones, in slices that leave room for other work, and from then on what each commit changes. */
  async start(): Promise<void> {
    // What takes long goes on in turns, and the commit waits for it before it is acknowledged.
    this.#unsubscribe ??= this.#feed.onCommit((changes) => beginInTurns(this.#publisher.publish(changes)));
    await this.#publisher.publishAll(() => new Promise((resolve) => setImmediate(resolve)));
    this.#isComplete = true;
  }

  /** Answers no more: from here on the table may fall behind the zones. */
  stop(): void {
    this.#isComplete = false;
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
  }

  /** Whether the query answered last brought a cookie that proves its source. */
  get isProven(): boolean {
    return this.#fast.isProven;
  }

  /** Bytes of the OPT, options included, at the end of the reply made last. */
  get optLength(): number {
    return this.#fast.optLength;
  }

  /**
   * The bytes of the reply, which are the caller's; undefined where the general lane has to look at the query. `now` is
   * in milliseconds since 1970; without a source no cookie is taken or given.
   */
  answer(query: Uint8Array, source: ByteRange | undefined, now: number): Buffer | undefined {
    if (!this.#isComplete || query.length > ROOM) return undefined;
    if (this.#end + ROOM > SLAB_BYTES) {
      this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.#end = 0;
    }
    const start = this.#end;
    this.#slab.set(query, start);
    this.#fast.cookies = source && this.#cookies;
    if (source !== undefined) {
      this.#client.bytes = source.bytes;
      this.#client.at = source.at;
      this.#client.length = source.length;
    }
    this.#fast.nowSeconds = Math.floor(now / 1000);
    const length = this.#fast.answer(this.#slab, start, query.length);
    if (length <= 0) return undefined;
    this.#end += length;
    return this.#slab.subarray(start, start + length);
  }
}
