/** `run`: the agent until it is told to stop. */
import { existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pause } from '../agent/actions.ts';
import { readSetup } from '../agent/setup.ts';
import { type Watch, createWatch } from '../agent/watch.ts';
import { describeFaults } from '../config/load.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { VERSION } from '../version.ts';
import { type CommandContext, type PlaceOptions, stopFileOf } from './context.ts';
import { type Started, startAgent } from './start.ts';

const TICK_MS = 1000;
/** What is under way when the agent is told to stop gets this long; all of it takes less than five seconds. */
const GRACE_MS = 3000;
/** The last word to the system's log gets this long besides. */
const REPORT_MS = 1000;
/** A machine that is up for less than this was just started. */
const BOOT_MS = 10 * 60_000;

/** Runs until told to stop. */
export async function runCommand(context: CommandContext, options: PlaceOptions): Promise<ExitCode> {
  const started = await startAgent(context, { ...options, mode: 'run' });
  const { agent, setup, place } = started;
  const stopFile = stopFileOf(place.state);
  removeLeftOver(stopFile);
  agent.note({
    level: 'info',
    event: 'started',
    report: true,
    message: `Homing agent ${VERSION} keeps ${setup.plan.hosts.length} host(s) right (${place.config}).`,
  });
  // The same spread as after a sleep: machines whose power came back together do not ask together.
  if (context.upMs() < BOOT_MS) agent.tell({ kind: 'woke' });
  await tickUntilStopped(context, started, stopFile);
  await agent.end(GRACE_MS);
  rmSync(stopFile, { force: true });
  agent.note({ level: 'info', event: 'ended', report: true, message: 'The Homing agent has ended.' });
  await Promise.race([agent.reported(), pause(REPORT_MS)]);
  await started.release();
  return EXIT.done;
}

async function tickUntilStopped(context: CommandContext, started: Started, stopFile: string): Promise<void> {
  const { agent, setup } = started;
  const watch = createWatch(setup.files, context.moment(), TICK_MS);
  const reload = createReload(started, watch);
  await new Promise<void>((stopped) => {
    const tick = (): void => {
      if (existsSync(stopFile)) {
        stop();
        return;
      }
      const changes = watch.look(context.moment());
      const woke = changes.woke || takeFile(join(started.place.state, 'wake'));
      if (woke || changes.interfaces) agent.renewConnections();
      if (woke) agent.tell({ kind: 'woke' });
      if (changes.interfaces) agent.tell({ kind: 'interfaces-changed' });
      if (changes.files) void reload();
      agent.tell({ kind: 'tick' });
      void agent.save();
    };
    const timer = setInterval(tick, TICK_MS);
    const stop = (): void => {
      clearInterval(timer);
      stopped();
    };
    context.onStop(stop);
    tick();
  });
}

/** Removes a file of an earlier run; one that was made since this process began is meant for it, and stays. */
function removeLeftOver(file: string): void {
  const made = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  if (made !== undefined && made < Date.now() - process.uptime() * 1000) rmSync(file, { force: true });
}

/** Whether a file is there; it is removed. The service host on Windows says so that the machine woke up. */
function takeFile(path: string): boolean {
  if (!existsSync(path)) return false;
  rmSync(path, { force: true });
  return true;
}

/** Reads the configuration anew, one reading at a time; a change during one is read after it. */
function createReload(started: Started, watch: Watch): () => Promise<void> {
  const { agent, source } = started;
  let reading = false;
  let again = false;
  const readOnce = async (): Promise<void> => {
    const read = await readSetup(source);
    if (read.ok) {
      watch.follow(read.setup.files);
      started.useLog(read.setup.config.log);
      agent.configure(read.setup);
      agent.note({
        level: 'info',
        event: 'reloaded',
        report: true,
        message: 'A changed configuration took effect.',
      });
      return;
    }
    watch.follow([...new Set([...started.setup.files, ...read.files])]);
    const message = `The changed configuration is not used: ${describeFaults(read.faults)}`;
    agent.note({ level: 'error', event: 'refused', report: true, message });
  };
  return async () => {
    again = true;
    if (reading) return;
    reading = true;
    while (again) {
      again = false;
      await readOnce();
    }
    reading = false;
  };
}
