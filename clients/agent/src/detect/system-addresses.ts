/**
 * The addresses of this machine's interfaces, with what the system says about each: Linux by `ip` or /proc,
 * macOS by `ifconfig`, Windows by Get-NetIPAddress; Node's own list where those are not there.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { promisify } from 'node:util';
import type { InterfaceAddress } from './interface-address.ts';

const run = promisify(execFile);
const POWERSHELL =
  'Get-NetIPAddress | Select-Object InterfaceAlias,IPAddress,@{n="Suffix";e={"$($_.SuffixOrigin)"}},' +
  '@{n="State";e={"$($_.AddressState)"}},@{n="Preferred";e={$_.PreferredLifetime.TotalSeconds}} | ConvertTo-Json -Compress';

/** All addresses of all interfaces; `powershell` is the path of that program on Windows. */
export async function systemAddresses(
  platform: NodeJS.Platform,
  signal: AbortSignal,
  powershell = 'powershell.exe',
): Promise<InterfaceAddress[]> {
  const options = { signal, windowsHide: true, maxBuffer: 4 << 20 };
  try {
    if (platform === 'linux') {
      const { stdout } = await run('ip', ['-j', 'address', 'show'], options);
      return parseIpJson(stdout);
    }
    if (platform === 'win32') {
      const { stdout } = await run(
        powershell,
        ['-NoProfile', '-NonInteractive', '-Command', POWERSHELL],
        options,
      );
      return parseNetIpAddresses(stdout);
    }
    const { stdout } = await run('ifconfig', ['-a'], options);
    return parseIfconfig(stdout);
  } catch {
    // The program is not there or says nothing that can be read: what follows says less, but is always there.
    return plainAddresses(platform === 'linux' ? await readIfInet6() : new Map());
  }
}

/** Reads `ip -j address show` (iproute2). */
export function parseIpJson(text: string): InterfaceAddress[] {
  interface Info {
    readonly local?: string;
    readonly temporary?: boolean;
    readonly deprecated?: boolean;
    readonly tentative?: boolean;
    readonly dadfailed?: boolean;
    readonly preferred_life_time?: number;
  }
  const links = JSON.parse(text) as readonly {
    readonly ifname: string;
    readonly addr_info?: readonly Info[];
  }[];
  return links.flatMap(({ ifname, addr_info: infos = [] }) =>
    infos.flatMap((info) =>
      info.local === undefined
        ? []
        : {
            interface: ifname,
            address: info.local,
            flagsKnown: true,
            unstable: [info.temporary, info.deprecated, info.tentative, info.dadfailed].includes(true),
            // 2^32 - 1 stands for ever.
            preferredSeconds:
              info.preferred_life_time === 4_294_967_295 ? Infinity : (info.preferred_life_time ?? 0),
          },
    ),
  );
}

/** Reads the output of Get-NetIPAddress as JSON. */
export function parseNetIpAddresses(text: string): InterfaceAddress[] {
  interface Entry {
    readonly InterfaceAlias: string;
    readonly IPAddress: string;
    readonly Suffix: string;
    readonly State: string;
    readonly Preferred?: number | null;
  }
  const value = JSON.parse(text) as Entry | readonly Entry[];
  return [value].flat().map((entry) => ({
    interface: entry.InterfaceAlias,
    address: entry.IPAddress,
    flagsKnown: true,
    unstable: entry.Suffix === 'Random' || entry.State !== 'Preferred',
    preferredSeconds: entry.Preferred ?? 0,
  }));
}

/** Reads the output of `ifconfig -a` (macOS, BSD). */
export function parseIfconfig(text: string): InterfaceAddress[] {
  let name = '';
  return text.split('\n').flatMap((line) => {
    name = /^([A-Za-z0-9._-]+): /.exec(line)?.[1] ?? name;
    const match = /^\s+inet6? ([0-9A-Fa-f.:]+)(?:%\S+)?(.*)$/.exec(line);
    if (match === null) return [];
    const unstable = /\b(temporary|deprecated|tentative|duplicated)\b/.test(match[2]!);
    return [{ interface: name, address: match[1]!, flagsKnown: true, unstable }];
  });
}

/** The flags of each IPv6 address by its 32 hex digits; empty where the system has no such file. */
async function readIfInet6(): Promise<ReadonlyMap<string, number>> {
  const text = await readFile('/proc/net/if_inet6', 'utf8').catch(() => '');
  return new Map(
    text
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields.length === 6)
      .map((fields) => [fields[0]!, Number.parseInt(fields[4]!, 16)]),
  );
}

/** IFA_F_TEMPORARY, _DADFAILED, _DEPRECATED and _TENTATIVE. */
const UNSTABLE_FLAGS = 0x01 | 0x08 | 0x20 | 0x40;

function plainAddresses(flags: ReadonlyMap<string, number>): InterfaceAddress[] {
  return Object.entries(networkInterfaces()).flatMap(([name, entries = []]) =>
    entries.map(({ address, family }) => {
      const known = family === 'IPv6' ? flags.get(digitsOf(address)) : undefined;
      return {
        interface: name,
        address,
        flagsKnown: known !== undefined,
        unstable: ((known ?? 0) & UNSTABLE_FLAGS) !== 0,
      };
    }),
  );
}

/** The 32 hex digits of an IPv6 address. */
function digitsOf(address: string): string {
  const [head = '', tail] = address.replace(/%.*$/, '').split('::');
  const groups = (part: string): string[] => part.split(':').filter((group) => group !== '');
  const right = groups(tail ?? '');
  const left = groups(head);
  const zeros = new Array<string>(8 - left.length - right.length).fill('0');
  return [...left, ...zeros, ...right].map((group) => group.padStart(4, '0')).join('');
}
