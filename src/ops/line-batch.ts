/**
 * Lines gathered for a moment and handed on together, because one write for each costs more than making them.
 * Invariants: the order of lines is kept, and none is cut in two; a line waits for 20 ms at most; what was not handed
 * on is lost with a process that is killed, as it would be in any buffer of this process.
 */

/** Anything lines can be written to. */
export interface LogSink {
  write(line: string): unknown;
}

/** A sink in front of another. */
export interface LineBatch extends LogSink {
  /** Hands on what has gathered, now. */
  flush(): void;
}

const LONGEST_WAIT_MS = 20;
/** A quarter of what a pipe holds, so that a write does not have to wait for its reader; in UTF-16 units. */
const LARGEST = 16_000;

/** Gathers lines for `target`. */
export function createLineBatch(target: LogSink): LineBatch {
  let text = '';
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (text === '') return;
    const batch = text;
    text = '';
    target.write(batch);
  };
  return {
    flush,
    write: (line) => {
      text += line;
      if (text.length >= LARGEST) flush();
      else timer ??= setTimeout(flush, LONGEST_WAIT_MS);
    },
  };
}
