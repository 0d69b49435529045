/**
 * Updates by token while somebody guesses passwords: 2,000 wrong ones a second, whatever becomes of those before, from
 * as many addresses as there are connections; beside the same server just before. Then how many of the guesses waited
 * for their hash, beside how many may.
 * Invariant: every guess is answered `badauth` or `911`, or waits in the bounded queue.
 */
import { join } from 'node:path';
import { needing } from '../needing.ts';
import { runLoad, sleep } from '../processes.ts';
import { ACCOUNT, APEX, provision } from '../provision.ts';
import { type Row, type Scale, median, runAsProgram, withUnit } from '../report.ts';
import type { GuessReport } from './guesser.ts';
import { type Rate, type Target, basic, runWrk, startHoming, writeScript } from './load.ts';

const GUESSES_A_SECOND = 2000;
/** With one thread for hashes, as on one core: what is computed, and of the queue of 64 what strangers may take. */
const MOST_WAITING = 1 + 64 - 16;
/** The guesses begin so long before the updates are measured beside them, which fills the queue. */
const AHEAD_SECONDS = 1;
/** So long code is still being compiled, that of guesses too: what is measured later would be faster for that alone. */
const WARM_UP_SECONDS = 6;
const GUESSER = join(import.meta.dirname, 'guesser.ts');

/** A rate without guesses and the one just after with them. */
interface Round {
  readonly quiet: Rate;
  readonly guessed: Rate;
  readonly guesses: GuessReport;
  /** What a guess costs the main thread, in microseconds. */
  readonly guessMicros: number;
}

/** The rows of guesses; `directory` is empty. */
export async function benchGuesses(directory: string, scale: Scale): Promise<readonly Row[]> {
  const data = join(directory, 'data');
  const secret = await provision(data, scale.hosts);
  const senders = [{ authorization: basic(ACCOUNT, secret), label: 'h7' }];
  const updates = writeScript(join(directory, 'updates.lua'), senders, { kind: 'same' });
  const target = await startHoming(data);
  try {
    await runWrk(target, updates, WARM_UP_SECONDS);
    const memory = target.server.residentMiB();
    await measure(target, updates, WARM_UP_SECONDS / 2);
    const rounds: Round[] = [];
    // One after the other, so that a machine which is faster for a while is so for both. The hashes of a round are still
    // computed in the next one's quiet part, with what is left of the core in both.
    for (let round = 0; round < scale.rounds; round++)
      rounds.push(await measure(target, updates, scale.seconds));
    return [updatesRow(rounds), queueRow(rounds, target.server.residentMiB() - memory)];
  } finally {
    await target.server.stop();
  }
}

async function measure(target: Target, updates: string, seconds: number): Promise<Round> {
  const quiet = await runWrk(target, updates, seconds);
  const guessing = guess(target, seconds + AHEAD_SECONDS + 1);
  const loaded = sleep(AHEAD_SECONDS * 1000).then(() => runWrk(target, updates, seconds, true));
  const [guesses, guessed] = await Promise.all([guessing, loaded]);
  // What the updates did not take, shared among the guesses of as long a time.
  const forUpdates = (quiet.mainSeconds * guessed.requests) / quiet.requests;
  const guessMicros = ((guessed.mainSeconds - forUpdates) * 1e6) / (GUESSES_A_SECOND * seconds);
  return { quiet, guessed, guesses, guessMicros };
}

/** Guesses for so long. */
async function guess({ url }: Target, seconds: number): Promise<GuessReport> {
  const { port } = new URL(url);
  const args = [port, `h1.${APEX}`, ACCOUNT, String(GUESSES_A_SECOND), String(seconds)];
  return JSON.parse(await runLoad([process.execPath, GUESSER, ...args])) as GuessReport;
}

function updatesRow(rounds: readonly Round[]): Row {
  const of = (figure: (round: Round) => number): number => median(rounds.map(figure));
  const guesses = of(({ guesses: { sent, seconds } }) => sent / seconds);
  const overNew = of(({ guesses: { sent, overNew } }) => overNew / sent);
  const perSecond = of(({ guessed }) => guessed.perSecond);
  const quiet = of((round) => round.quiet.perSecond);
  const ratio = of((round) => round.guessed.perSecond / round.quiet.perSecond);
  const guessMicros = of((round) => round.guessMicros);
  // Of a core that nobody else is on.
  const cpuRatio = 1 - (guesses * guessMicros) / 1e6;
  const latestMs = Math.max(...rounds.map((round) => round.guesses.latestMs));
  return {
    what: `unchanged address, while ${Math.round(guesses).toLocaleString('en')} passwords/s are guessed, ${Math.round(overNew * 100)} % over new connections`,
    figure: `${withUnit(perSecond, '/s')}, without guesses ${withUnit(quiet, '/s')}; a guess costs ${withUnit(guessMicros, 'µs CPU')} of the main thread`,
    ratio: `${ratio.toFixed(2)} × without guesses (by CPU ${cpuRatio.toFixed(2)})`,
    bar: '≥ 0.80',
    values: { perSecond, quiet, ratio, cpuRatio, guessMicros, guesses, overNew, latestMs },
  };
}

function queueRow(rounds: readonly Round[], grownMiB: number): Row {
  const sum = (figure: (report: GuessReport) => number): number =>
    rounds.reduce((total, { guesses }) => total + figure(guesses), 0);
  const waiting = Math.max(...rounds.map(({ guesses }) => guesses.mostWaiting));
  const [sent, badauth, overloaded] = [
    sum((report) => report.sent),
    sum((report) => report.badauth),
    sum((report) => report.overloaded),
  ];
  const left = Math.max(...rounds.map(({ guesses }) => guesses.unanswered));
  if (left > MOST_WAITING) throw new Error(`${left} guesses wait, of which ${MOST_WAITING} may`);
  const share = (count: number): string => `${((count * 100) / sent).toFixed(1)} %`;
  return {
    what: `guesses that wait for their hash, of ${sent.toLocaleString('en')}`,
    figure: `${left} at the end, ${waiting} at most without an answer for 0.5 s; ${share(overloaded)} 911 at once, ${sum((report) => report.broken)} broken`,
    ratio: withUnit(grownMiB, 'MiB more memory'),
    bar: `≤ ${MOST_WAITING} wait`,
    values: { waiting, left, badauth, overloaded, broken: sum((report) => report.broken), sent, grownMiB },
  };
}

if (import.meta.main)
  await runAsProgram(
    'guesses',
    needing({ what: 'updates while passwords are guessed', programs: ['wrk'] }, benchGuesses),
  );
