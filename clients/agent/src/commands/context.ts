/** What every command is given: the process around it, so that tests can be around it instead. */
import { join } from 'node:path';
import type { Environment } from '../config/layers.ts';
import type { Platform } from '../platform/platform.ts';
import type { Moment } from '../schedule/moment.ts';

/** The process around a command. */
export interface CommandContext {
  readonly env: Environment;
  readonly platform: Platform;
  /** The script that runs, for a service that starts it. */
  readonly program: string;
  readonly print: (text: string) => void;
  readonly printError: (text: string) => void;
  /** All of standard input. */
  readonly readInput: () => Promise<string>;
  readonly moment: () => Moment;
  /** Calls back when the process is told to stop. */
  readonly onStop: (stop: () => void) => void;
  /** Milliseconds since the machine was started. */
  readonly upMs: () => number;
}

/** The options of every command. */
export interface PlaceOptions {
  readonly config?: string;
  readonly state?: string;
}

/** The file of the configuration and the directory of the state. */
export interface Place {
  readonly config: string;
  readonly state: string;
}

/** The places that the options name, or those of the platform; `agent.json` where there is no `agent.yaml`. */
export function placeOf(
  { platform }: CommandContext,
  options: PlaceOptions,
  exists: (path: string) => boolean,
): Place {
  const { config, state } = platform.places;
  const json = config.replace(/\.yaml$/, '.json');
  return {
    config: options.config ?? (!exists(config) && exists(json) ? json : config),
    state: options.state ?? state,
  };
}

/** The file that tells `run` to stop. */
export function stopFileOf(state: string): string {
  return join(state, 'stop');
}
