/** Linux, macOS and their like: secrets are files that nobody else may read; events go to the log alone. */
import { readFileSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parsed, unparsable } from '../../../../src/ops/parsed.ts';
import type { Environment } from '../config/layers.ts';
import { systemAddresses } from '../detect/system-addresses.ts';
import { proxyOfEnvironment } from '../http/proxy.ts';
import { askSocket, holdSocket } from './held-socket.ts';
import type { Platform } from './platform.ts';
import { writeWhole } from './write-whole.ts';

const SERIAL_FILES = ['/sys/class/dmi/id/product_serial', '/etc/machine-id'];
/** What makers write where no serial number was set. */
const NO_SERIAL = /^(none|n\/a|not specified|default string|to be filled.*|system serial number|0+)$/i;

/** Makes the platform. */
export function createPosix(system: NodeJS.Platform, env: Environment): Platform {
  return {
    system,
    places: { config: '/etc/homing-agent/agent.yaml', state: '/var/lib/homing-agent' },
    logName: undefined,
    readSecret: async (place) => {
      if (place.kind === 'dpapi') return unparsable('is dpapi, which only Windows has');
      const fault = openToOthers(place.path);
      if (fault !== undefined) return unparsable(fault);
      try {
        const text = (await readFile(place.path, 'utf8')).replace(/\r?\n$/, '');
        return text === '' ? unparsable(`is empty: ${place.path}`) : parsed(text);
      } catch (error) {
        return unparsable(
          `cannot be read: ${place.path} (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`,
        );
      }
    },
    writeSecret: (secret, path) => writePrivate(`${secret}\n`, path),
    writePrivate,
    openToOthers,
    report: () => Promise.resolve(),
    proxy: () => Promise.resolve(proxyOfEnvironment(env) ?? {}),
    interfaces: (signal) => systemAddresses(system, signal),
    hold: holdSocket,
    holder: askSocket,
    services: undefined,
    serial: () => Promise.resolve(readSerial()),
  };
}

/** 0600 and 0400, or 0440 of root, whose group is then the agent's. */
function openToOthers(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined || (found.mode & 0o077) === 0) return undefined;
  if (found.uid === 0 && (found.mode & 0o037) === 0) return undefined;
  return `is readable for others: ${path}; mend it with: chmod 600 ${path}`;
}

/**
 * Of root alone; where root writes into a directory of a group (that of the service), the group may read it too.
 */
function writePrivate(text: string, path: string): Promise<void> {
  return writeWhole(text, path, async (file) => {
    const { gid } = statSync(dirname(path));
    if (process.getuid?.() !== 0 || gid === 0) return;
    await file.chown(0, gid);
    await file.chmod(0o440);
  });
}

function readSerial(): string | undefined {
  for (const path of SERIAL_FILES) {
    try {
      const text = readFileSync(path, 'utf8').trim();
      if (text !== '' && !NO_SERIAL.test(text)) return text;
    } catch {
      // Not there, or for root alone: the next one is tried.
    }
  }
  return undefined;
}
