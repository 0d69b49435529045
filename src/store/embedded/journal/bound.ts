/**
 * How large the journal may become, so that a store takes at most three times its document of the disk: while the old
 * snapshot is folded into the new one, both are there, and the journal has what is left.
 *
 * Invariants: a journal is folded from seven tenths of the snapshot on, which leaves two tenths for what is committed
 * meanwhile: folding earlier would cost updates more of the processor, later would hold them up. Commits slow down before
 * that is used up, and wait for the fold at its end. A store that is smaller than `leastDocumentBytes` has the bound of
 * one of that size.
 */

/** Sizes of the journal, zeros ahead of its records not counted, in bytes. */
export interface JournalBound {
  /** From here on it is folded. */
  readonly foldAt: number;
  /** From here on commits slow down while it is folded. */
  readonly slowAt: number;
  /** From here on they wait for the fold. */
  readonly waitAt: number;
  /** The most zeros ahead of the records. */
  readonly aheadBytes: number;
}

/** What a bound follows from, in bytes. */
export interface JournalSizes {
  readonly snapshotBytes: number;
  /** Less than this is not worth a fold. */
  readonly leastFoldBytes: number;
  /** More zeros than this are not worth their room, however large the document. */
  readonly mostAheadBytes: number;
}

/** What is worth a fold where nothing else is said. */
export const DEFAULT_COMPACTION_BYTES = 6 * 1024 * 1024;
/** Fewer zeros are not worth an operation on a file. */
const LEAST_AHEAD_BYTES = 8192;
/** Of the document, from which on the journal is folded. */
const FOLD_SHARE = 0.7;
/** Of what may be committed during a fold, from which on commits slow down. */
const SLOW_SHARE = 0.75;
/**
 * A record of this size is a list's or a zone file's: 2,000 requests for 20 hosts each, with names of usual length, share
 * one that is smaller.
 */
export const LARGE_RECORD_BYTES = 8 * 1024 * 1024;
/** What 2,000 updates of one host share, which are the most that one record is of. */
const LAST_RECORD_BYTES = 512 * 1024;
/** The longest that one commit is slowed down before it waits. */
const MOST_PAUSE_MS = 50;

/** The size of a document from which on a store takes at most three times as much of the disk. */
export function leastDocumentBytes(leastFoldBytes: number): number {
  return leastFoldBytes / FOLD_SHARE;
}

/** The bound of a journal beside a snapshot. */
export function journalBound({ snapshotBytes, leastFoldBytes, mostAheadBytes }: JournalSizes): JournalBound {
  const document = Math.max(snapshotBytes, leastDocumentBytes(leastFoldBytes));
  const foldAt = document * FOLD_SHARE;
  const aheadBytes = Math.min(mostAheadBytes, Math.max(LEAST_AHEAD_BYTES, Math.floor(document / 32)));
  // Left out: the zeros ahead and the piece of them that is being written, and the last record before commits wait.
  const record = Math.min(Math.max(LAST_RECORD_BYTES, document / 64), document / 8);
  const waitAt = Math.max(foldAt * 1.05, document - (aheadBytes * 17) / 16 - record);
  return { foldAt, slowAt: foldAt + (waitAt - foldAt) * SLOW_SHARE, waitAt, aheadBytes };
}

/** How long a commit pauses while the journal, of this size, is being folded: milliseconds, or infinite until that ends. */
export function pauseBeforeCommit(journalBytes: number, { slowAt, waitAt }: JournalBound): number {
  if (journalBytes < slowAt) return 0;
  if (journalBytes >= waitAt) return Number.POSITIVE_INFINITY;
  return (MOST_PAUSE_MS * (journalBytes - slowAt)) / (waitAt - slowAt);
}
