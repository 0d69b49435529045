/**
 * The orderly end: what was started is stopped in reverse order, within a limit of time.
 * Invariant: every step is tried, also after one has failed, and no step is run twice.
 */
import type { Log } from './log.ts';

/** What is to be stopped; `stop` finishes what is under way. */
export interface ShutdownStep {
  readonly name: string;
  stop(): Promise<void>;
}

/** How an orderly end went. */
export type ShutdownResult = 'clean' | 'failed' | 'timed-out';

/** A stack of what has been started. */
export interface Shutdown {
  /** Adds what was just started; it is stopped before everything added earlier. */
  add(step: ShutdownStep): void;
  /** Stops everything; a second call gives the first one's promise. Never rejects. */
  run(): Promise<ShutdownResult>;
}

/** An empty stack. `timeoutMs` is for all steps together. */
export function createShutdown(options: { readonly log: Log; readonly timeoutMs: number }): Shutdown {
  const steps: ShutdownStep[] = [];
  let running: Promise<ShutdownResult> | undefined;
  return {
    add: (step) => steps.push(step),
    run: () => (running ??= runSteps(steps, options)),
  };
}

async function runSteps(
  steps: ShutdownStep[],
  { log, timeoutMs }: { log: Log; timeoutMs: number },
): Promise<ShutdownResult> {
  let current = '';
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<ShutdownResult>((resolve) => {
    timer = setTimeout(() => {
      log.error({ step: current, timeoutMs }, 'stopping took too long');
      resolve('timed-out');
    }, timeoutMs);
  });
  const all = async (): Promise<ShutdownResult> => {
    let result: ShutdownResult = 'clean';
    for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
      current = step.name;
      try {
        await step.stop();
      } catch (error) {
        result = 'failed';
        log.error({ step: step.name, err: error }, 'could not stop cleanly');
      }
    }
    return result;
  };
  const result = await Promise.race([all(), limit]);
  clearTimeout(timer);
  return result;
}
