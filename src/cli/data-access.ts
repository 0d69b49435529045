/**
 * The way of a command to the data: through the server that runs on the directory, or by taking its place for a
 * moment.
 * Invariant: at no time do two processes write; whoever finds the directory taken asks the one that holds it.
 */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Config } from '../config/config.ts';
import { createLog } from '../ops/log.ts';
import { openCore } from '../server.ts';
import { StoreError } from '../store/store.ts';
import type { Administrator } from '../update/admin/command.ts';
import { type ControlClient, connectControl, remoteAdministrator } from './control/client.ts';
import { CliError } from './exit-code.ts';

/** What commands do with the data. */
export interface DataAccess {
  readonly administrator: Administrator;
  /** Writes a backup to `file`. Rejects with StoreError, ControlError or CliError. */
  backup(file: string): Promise<unknown>;
  close(): Promise<void>;
}

/** How long a directory may be taken by a process that does not answer: one that starts, stops or is a command. */
const PATIENCE_MS = 5000;
const RETRY_MS = 50;
/** A backup may take as long as its disk needs. */
const BACKUP_TIMEOUT_MS = 3_600_000;

/** Opens the data directory, directly or through its server. Rejects with StoreError, ControlError or CliError. */
export async function openDataAccess(
  config: Config,
  { create }: { readonly create: boolean },
): Promise<DataAccess> {
  if (!create) requireDataDirectory(config);
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const client = await connectControl(config.data);
    if (client !== undefined) return remoteAccess(client);
    try {
      return await directAccess(config);
    } catch (error) {
      const taken = error instanceof StoreError && error.code === 'in-use';
      if (!taken || performance.now() > deadline) throw error;
      await new Promise((wake) => setTimeout(wake, RETRY_MS));
    }
  }
}

/** Throws a CliError where the data directory is not there, so that no command makes one of a mistyped name. */
export function requireDataDirectory({ data }: Config): void {
  if (statSync(data, { throwIfNoEntry: false })?.isDirectory() === true) return;
  const hint = 'say --data DIR, or begin with "homing zone add" or "homing serve"';
  throw new CliError(3, 'not-found', `there is no data directory ${data}: ${hint}`);
}

function remoteAccess(client: ControlClient): DataAccess {
  return {
    administrator: remoteAdministrator(client),
    backup: async (file) => {
      const reply = await client.request(
        { op: 'backup', file: resolve(file) },
        { timeoutMs: BACKUP_TIMEOUT_MS },
      );
      if (!reply.ok) throw new CliError(1, reply.code, reply.message);
      return reply.value;
    },
    close: () => {
      client.close();
      return Promise.resolve();
    },
  };
}

async function directAccess(config: Config): Promise<DataAccess> {
  const { log } = createLog({ level: 'warn', pretty: true });
  const core = await openCore(config, log);
  return {
    administrator: core.administrator,
    backup: (file) => core.store.backup(file),
    close: () => core.close(),
  };
}
