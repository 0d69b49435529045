/** Windows: DPAPI, Event Log, the place of the only agent, the proxies of the registry. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parsed, unparsable } from '../../../../src/ops/parsed.ts';
import type { Environment } from '../config/layers.ts';
import { systemAddresses } from '../detect/system-addresses.ts';
import { type SystemProxy, proxyOfEnvironment, proxyOfRegistry } from '../http/proxy.ts';
import { askHandle, holdHandle } from './held-handle.ts';
import type { Platform } from './platform.ts';
import { createServiceHost } from './service-host.ts';
import { writeWhole } from './write-whole.ts';

const run = promisify(execFile);
const PROGRAM_MS = 10_000;
const INTERNET_SETTINGS = 'HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\Internet Settings';
const BIOS = 'HKLM\\HARDWARE\\DESCRIPTION\\System\\BIOS';
const POWERSHELL = 'WindowsPowerShell\\v1.0\\powershell.exe';
const CRYPTOGRAPHY = 'HKLM\\SOFTWARE\\Microsoft\\Cryptography';
/** SYSTEM and Administrators by their SIDs, whose names differ with the language. */
const OWNERS = ['*S-1-5-18:F', '*S-1-5-32-544:F'];
/** The accounts that the service may have; one that does not exist is left out. */
const ACCOUNTS = ['NT SERVICE\\HomingAgent:R', '*S-1-5-19:R'];

/** Makes the platform. `program` is the service host beside the agent. */
export function createWindows(env: Environment, program: string): Platform {
  const host = createServiceHost(program);
  const data = join(env['ProgramData'] ?? 'C:\\ProgramData', 'Homing');
  // By their paths: a bare name is looked for in the current directory first, which may be anybody's.
  const system = (name: string): string => join(env['SystemRoot'] ?? 'C:\\Windows', 'System32', name);
  const query = (key: string, name: string): Promise<string | undefined> =>
    queryRegistry(system('reg.exe'), key, name);
  return {
    system: 'win32',
    places: { config: join(data, 'agent.yaml'), state: data },
    logName: 'agent.log',
    readSecret: async (place, scratch) => {
      try {
        const kept = place.kind === 'dpapi' ? Buffer.from(place.base64) : await readFile(place.path);
        const text = (await host.unprotect(kept, scratch)).toString('utf8').replace(/\r?\n$/, '');
        return text === '' ? unparsable('is empty') : parsed(text);
      } catch {
        // The error of the program would quote its arguments; it says nothing more than that it failed.
        const where = place.kind === 'file' ? ` (${place.path})` : '';
        return unparsable(`cannot be read as DPAPI data of this machine${where}; protect it anew`);
      }
    },
    writeSecret: async (secret, path, scratch) => {
      const data = await host.protect(Buffer.from(secret, 'utf8'), scratch);
      // In the agent's own directory too: it may not be guarded yet, and whoever reads the file has the secret.
      await writeWhole(data, path, (_, file) => restrict(file, system('icacls.exe')));
    },
    writePrivate: (text, path) => writeWhole(text, path),
    services: host,
    openToOthers: () => undefined,
    report: async (event, scratch) => {
      // The Event Log is an extra: what it cannot take stands in the log.
      await host.event(event, scratch).catch(() => undefined);
    },
    proxy: async () => proxyOfEnvironment(env) ?? (await registryProxy(query)),
    interfaces: (signal) => systemAddresses('win32', signal, system(POWERSHELL)),
    hold: holdHandle,
    holder: (state) => Promise.resolve(askHandle(state)),
    serial: async () =>
      (await query(BIOS, 'SystemSerialNumber')) ?? (await query(CRYPTOGRAPHY, 'MachineGuid')),
  };
}

async function restrict(path: string, icacls: string): Promise<void> {
  const options = { timeout: PROGRAM_MS, windowsHide: true };
  await run(icacls, [path, '/inheritance:r', '/grant:r', ...OWNERS], options);
  for (const account of ACCOUNTS)
    await run(icacls, [path, '/grant', account], options).catch(() => undefined);
}

async function registryProxy(
  query: (key: string, name: string) => Promise<string | undefined>,
): Promise<SystemProxy> {
  const enabled = await query(INTERNET_SETTINGS, 'ProxyEnable');
  const server = await query(INTERNET_SETTINGS, 'ProxyServer');
  if (Number(enabled ?? 0) === 0 || server === undefined) return {};
  return proxyOfRegistry(server, await query(INTERNET_SETTINGS, 'ProxyOverride'));
}

async function queryRegistry(program: string, key: string, name: string): Promise<string | undefined> {
  try {
    const { stdout } = await run(program, ['query', key, '/v', name], {
      timeout: PROGRAM_MS,
      windowsHide: true,
    });
    return new RegExp(`^\\s+${name}\\s+REG_\\w+\\s+(.*?)\\s*$`, 'm').exec(stdout)?.[1];
  } catch {
    // There is no such value.
    return undefined;
  }
}
