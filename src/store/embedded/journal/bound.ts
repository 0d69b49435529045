/**
 * How large the journal may become, so that a store takes at most three times its document of the disk: while the old
 * snapshot is folded into the new one, both are there, and the journal has what is left.
 *
 * Invariants: a journal is folded from half of the snapshot on, which leaves the other half for what is committed
 * meanwhile; commits slow down before that is used up, and wait for the fold at its end; nothing slows them down
 * while no fold is at work, so that the journal grows beyond its bound behind a backup that takes long. A store that is smaller than `leastDocumentBytes` has the bound of one of that size.
 */

/** Sizes of the journal, in bytes; zeros ahead of its records are not counted, and where commits wait large ones are not. */
export interface JournalBound {
  /** From here on it is folded. */
  readonly foldAt: number;
  /** From here on commits slow down while it is being folded. */
  readonly slowAt: number;
  /** From here on they wait for the fold. */
  readonly waitAt: number;
}

/** What a bound follows from, in bytes. */
export interface JournalSizes {
  readonly snapshotBytes: number;
  /** Less than this is not worth a fold. */
  readonly leastFoldBytes: number;
  /** The most zeros ahead of the records. */
  readonly aheadBytes: number;
}

/** The longest that one commit is slowed down before the journal is so large that it waits. */
const MOST_PAUSE_MS = 50;

/** The size of a document from which on a store takes at most three times as much of the disk. */
export function leastDocumentBytes(leastFoldBytes: number): number {
  return 2 * leastFoldBytes;
}

/** The bound of a journal beside a snapshot. */
export function journalBound({ snapshotBytes, leastFoldBytes, aheadBytes }: JournalSizes): JournalBound {
  const document = Math.max(snapshotBytes, leastDocumentBytes(leastFoldBytes));
  const foldAt = document / 2;
  // Left out: the zeros ahead and the piece of them that is being written; one record, which is large in a large store.
  const left = document - (aheadBytes * 17) / 16 - document / 64;
  const waitAt = Math.max(foldAt * 1.25, left);
  return { foldAt, slowAt: (foldAt + waitAt) / 2, waitAt };
}

/** How long a commit pauses while the journal, of this size, is being folded: milliseconds, or infinite until that ends. */
export function pauseBeforeCommit(journalBytes: number, { slowAt, waitAt }: JournalBound): number {
  if (journalBytes < slowAt) return 0;
  if (journalBytes >= waitAt) return Number.POSITIVE_INFINITY;
  return (MOST_PAUSE_MS * (journalBytes - slowAt)) / (waitAt - slowAt);
}
