/** What an embedded store tells its operator. Invariant: the closed list of it, each with a whole sentence. */

/** Something the operator should hear of; `message` is a whole sentence. */
export type StoreNotice =
  /** The write that a crash interrupted was cut off and saved in `savedAs`; it was never acknowledged. */
  | {
      readonly code: 'torn-tail';
      readonly message: string;
      readonly file: string;
      readonly start: number;
      readonly end: number;
      readonly savedAs: string;
    }
  /** The lock of a process that no longer runs was taken over. */
  | { readonly code: 'stale-lock'; readonly message: string; readonly pid: number }
  | { readonly code: 'unwritable'; readonly message: string }
  | { readonly code: 'writable'; readonly message: string }
  | {
      readonly code: 'compacted';
      readonly message: string;
      readonly sequence: number;
      readonly bytes: number;
    }
  /** The journal stays as it is and is tried again later. */
  | { readonly code: 'compaction-failed'; readonly message: string };
