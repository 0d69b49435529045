/**
 * How far a long command has come, for people: on a terminal one line that is rewritten, elsewhere a line now and then.
 * Invariant: it goes to standard error, so that results stay alone on standard output; the line is gone at the end.
 */
import type { OnProgress, Progress } from '../../update/admin/command.ts';
import type { CliContext } from '../context.ts';

/** A display of progress; `end` takes it away. */
export interface ProgressLine {
  readonly onProgress: OnProgress;
  end(): void;
}

const TERMINAL_MS = 200;
const PLAIN_MS = 10_000;
const WORDS = {
  reading: 'read',
  sending: 'sent',
  checking: 'checked',
  planning: 'planned',
  storing: 'storing',
} as const satisfies Record<Progress['stage'], string>;

/** A display for one command; `what` names its things in the plural. `silent` shows nothing off a terminal. */
export function createProgressLine(
  { stderr }: Pick<CliContext, 'stderr'>,
  { what, silent, now = () => performance.now() }: { what: string; silent: boolean; now?: () => number },
): ProgressLine {
  const terminal = stderr.isTTY === true;
  let stage: Progress['stage'] | undefined;
  let [stageSince, shownAt] = [0, now()];
  let shown = false;
  return {
    onProgress: (progress) => {
      if (!terminal && silent) return;
      const time = now();
      const begins = progress.stage !== stage;
      if (begins) [stage, stageSince] = [progress.stage, time];
      if (time - shownAt < (terminal ? TERMINAL_MS : PLAIN_MS) && !(terminal && begins)) return;
      shownAt = time;
      const text = describeProgress(progress, what, (time - stageSince) / 1000);
      stderr.write(terminal ? `\r\x1b[K${text}` : `homing: ${text}\n`);
      shown = true;
    },
    end: () => {
      if (terminal && shown) stderr.write('\r\x1b[K');
    },
  };
}

/** One line: what was done, of how many, and how fast or since when. */
export function describeProgress({ stage, done, total }: Progress, what: string, seconds: number): string {
  const count = (number: number): string => number.toLocaleString('en');
  if (stage === 'storing') return `storing ${count(total ?? 0)} changes, ${Math.round(seconds)} s`;
  const share =
    total === undefined || total === 0 ? '' : ` of ${count(total)} (${Math.floor((done / total) * 100)} %)`;
  const rate = seconds >= 1 ? `, ${count(Math.round(done / seconds))} a second` : '';
  return `${WORDS[stage]} ${count(done)}${share} ${what}${rate}`;
}
