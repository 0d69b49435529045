/**
 * Takes up changes of the configuration files while the server runs.
 *
 * Invariants: a new configuration is taken up or refused as a whole; a refused one leaves the old one in force and
 * is reported in one log line; a setting that needs a restart keeps its old value until then.
 */
import { statSync } from 'node:fs';
import type { Log } from '../ops/log.ts';
import { type Config, buildConfig, changedKeys } from './config.ts';
import type { LoadResult, LoadedConfig } from './load.ts';
import type { SettingValues } from './schema.ts';

/** A running watch. */
export interface ConfigWatch {
  /** Reads the files now, e.g. on SIGHUP. */
  readonly reload: () => void;
  stop(): void;
}

/** Files are looked at this often, in milliseconds: editors and mounts replace files in ways no watcher sees. */
const INTERVAL_MS = 1000;

/** Watches the files of `loaded` and calls `apply` with each new configuration that differs in what may change. */
export function watchConfig(options: {
  readonly loaded: LoadedConfig;
  readonly load: () => LoadResult;
  readonly apply: (config: Config) => void;
  readonly log: Log;
  readonly intervalMs?: number;
}): ConfigWatch {
  const { load, log } = options;
  let inForce = options.loaded.values;
  /** The last configuration read, so that what needs a restart is reported once and not at each look. */
  let lastRead = options.loaded.values;

  const reload = (): void => {
    const result = load();
    if (!result.ok) {
      log.error(
        { problems: result.problems },
        'the new configuration is refused, the old one stays in force',
      );
      return;
    }
    const next = result.value.values;
    const { live } = changedKeys(inForce, next);
    const { restart } = changedKeys(lastRead, next);
    lastRead = next;
    if (live.length > 0) {
      inForce = {
        ...inForce,
        ...(Object.fromEntries(live.map((key) => [key, next[key]])) as Partial<SettingValues>),
      };
      options.apply(buildConfig(inForce).config);
      log.info({ settings: live }, 'the new configuration is in force');
    }
    if (restart.length > 0) log.warn({ settings: restart }, 'these settings take effect at the next start');
  };

  const look = (): void => {
    const now = fingerprint(options.loaded.files);
    if (now === seen) return;
    seen = now;
    reload();
  };
  let seen = fingerprint(options.loaded.files);
  // What changed between the reading of the files and the first look at them is taken up at once.
  reload();
  const timer = setInterval(look, options.intervalMs ?? INTERVAL_MS).unref();
  return {
    reload,
    stop: () => {
      clearInterval(timer);
    },
  };
}

/** What tells that a file was changed or replaced, of all files together. */
function fingerprint(files: readonly string[]): string {
  return files
    .map((file) => {
      const found = statSync(file, { throwIfNoEntry: false });
      return found === undefined ? '-' : `${found.ino}:${found.size}:${found.mtimeMs}`;
    })
    .join(' ');
}
