/** Writes the state when it changed. Invariant: one writing at a time, and a failing disk stops nothing. */
import type { LogEntry } from '../log/log-entry.ts';
import type { Memory } from '../schedule/core-types.ts';
import { type AgentState, writeState } from '../state/state-file.ts';

/** Keeps the state on disk. */
export interface Keeper {
  /** There is something new to write. */
  touch(): void;
  /** Writes what is new; resolves once it is on disk. */
  save(): Promise<void>;
}

/** Makes a keeper; `read` says what the state is now. */
export function createKeeper(options: {
  readonly directory: string;
  readonly salt: string;
  readonly read: () => { readonly run: NonNullable<AgentState['run']>; readonly memory: Memory };
  readonly note: (entry: LogEntry) => void;
}): Keeper {
  let dirty = false;
  let failing = false;
  let saving: Promise<void> = Promise.resolve();
  const write = async (): Promise<void> => {
    try {
      await writeState(options.directory, { salt: options.salt, ...options.read() });
      failing = false;
    } catch (error) {
      const { code = 'unknown' } = error as NodeJS.ErrnoException;
      dirty = true;
      if (!failing)
        options.note({
          level: 'error',
          event: 'warned',
          message: `The state cannot be written (${code}).`,
          code,
        });
      failing = true;
    }
  };
  return {
    touch: () => {
      dirty = true;
    },
    save: () => {
      if (dirty) {
        dirty = false;
        saving = saving.then(write);
      }
      return saving;
    },
  };
}
