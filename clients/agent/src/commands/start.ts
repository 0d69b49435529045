/** What `run` and `once` have in common: the configuration, the place of the only agent, the state, the log. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { LogConfig } from '../config/agent-config.ts';
import { describeFaults } from '../config/load.ts';
import { neighbours } from '../config/layers.ts';
import { type Agent, createAgent } from '../agent/agent.ts';
import { type Setup, type SetupSource, readSetup } from '../agent/setup.ts';
import { CommandError, EXIT } from '../exit-code.ts';
import { type Log, createLog } from '../log/log.ts';
import { takeState } from '../state/state-file.ts';
import { type CommandContext, type Place, type PlaceOptions, placeOf } from './context.ts';

/** An agent that holds its place. */
export interface Started {
  readonly place: Place;
  readonly agent: Agent;
  readonly setup: Setup;
  readonly source: SetupSource;
  /** Replaces the log, because the configuration did. */
  useLog(config: LogConfig): void;
  /** Gives everything back. */
  release(): Promise<void>;
}

/** Starts an agent; throws with 78 where the configuration is not valid, with 75 where another one runs, 77 where that is not to be known. */
export async function startAgent(
  context: CommandContext,
  options: PlaceOptions & {
    readonly mode: 'run' | 'once';
    readonly force?: boolean;
  },
): Promise<Started> {
  const { platform } = context;
  const place = placeOf(context, options, existsSync);
  const hold = await platform.hold(place.state);
  if (!hold.ok && hold.reason === 'barred') throw new CommandError(EXIT.denied, hold.message);
  if (!hold.ok) {
    const who = hold.pid === undefined ? '' : `: process ${hold.pid}`;
    throw new CommandError(EXIT.held, `an agent runs for ${place.state} already${who}`);
  }
  const warnings = ignoredFiles(place);
  try {
    const state = await takeState(place.state, (message) => warnings.push(message));
    const source = { path: place.config, env: context.env, platform, scratch: place.state, salt: state.salt };
    const read = await readSetup(source);
    if (!read.ok) throw new CommandError(EXIT.config, `${place.config}: ${describeFaults(read.faults)}`);
    const makeLog = (config: LogConfig): Log => openLog(context, place, config);
    let log = makeLog(read.setup.config.log);
    const agent = createAgent({
      ...{ setup: read.setup, state, stateDirectory: place.state, platform },
      mode: options.mode,
      force: options.force ?? false,
      log: () => log,
      moment: context.moment,
    });
    for (const message of warnings) agent.note({ level: 'warn', event: 'warned', message });
    return {
      place,
      agent,
      setup: read.setup,
      source,
      useLog: (config) => {
        void log.close();
        log = makeLog(config);
      },
      release: async () => {
        await log.close();
        await hold.release();
      },
    };
  } catch (error) {
    await hold.release();
    throw error;
  }
}

/** What to say of files that could be meant as the configuration and are not read. */
export function ignoredFiles({ config }: Place): string[] {
  return neighbours(config, existsSync).map((other) => `${other} is not used: ${config} is.`);
}

function openLog(context: CommandContext, place: Place, config: LogConfig): Log {
  // A service's environment may name other places than that of whoever installed it: the state's directory is one for both.
  const { logName } = context.platform;
  const file = config.file ?? (logName === undefined ? undefined : join(place.state, logName));
  return createLog(
    { ...config, ...(file === undefined ? {} : { file }) },
    { print: context.print, now: () => context.moment().wall },
  );
}
