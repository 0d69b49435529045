/**
 * What one value of the configuration means for another. It reads the document as it was
 * written, so that these faults are told together with those of the schema.
 */
import { closest } from 'fastest-levenshtein';

/** A fault of the configuration: where, and what is wrong. */
export interface ConfigFault {
  /** Steps joined by dots, for instance `servers.home.url`; empty for the whole document. */
  readonly path: string;
  readonly message: string;
}

/** The faults between values; none where a part is not there or not of its kind, which the schema tells. */
export function crossCheck(document: unknown, platform: NodeJS.Platform): readonly ConfigFault[] {
  const root = membersOf(document);
  const servers = membersOf(root['servers']);
  const hosts = Array.isArray(root['hosts']) ? root['hosts'].map(membersOf) : [];
  return [
    ...Object.entries(servers).flatMap(([name, server]) =>
      serverFaults(`servers.${name}`, membersOf(server), platform),
    ),
    ...hosts.flatMap((host, at) => hostFaults(`hosts.${at}`, host, Object.keys(servers))),
    ...repeatedHosts(hosts, Object.keys(servers)),
    ...detectFaults('detect', root['detect']),
    ...hosts.flatMap((host, at) => detectFaults(`hosts.${at}.detect`, host['detect'])),
  ];
}

/** Whether a URL names this machine. */
export function isThisMachine(url: URL): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i.test(url.hostname);
}

function serverFaults(path: string, server: Members, platform: NodeJS.Platform): ConfigFault[] {
  const faults: ConfigFault[] = [];
  const url = typeof server['url'] === 'string' ? URL.parse(server['url']) : null;
  const allowed = server['allowHttp'] === true || server['allowHttp'] === 'true';
  if (url?.protocol === 'http:' && !allowed && !isThisMachine(url))
    faults.push({
      path: `${path}.url`,
      message: 'is http:, which shows the secret to everybody on the way; use https:, or set allowHttp: true',
    });
  if ((server['clientCertificate'] === undefined) !== (server['clientKey'] === undefined))
    faults.push({ path, message: 'has only one of clientCertificate and clientKey' });
  if (platform === 'win32' && typeof server['secret'] === 'string')
    faults.push({
      path: `${path}.secret`,
      message:
        'is text, which is not kept on Windows; protect it with: homing-agent protect --in FILE --out FILE',
    });
  if (platform !== 'win32' && 'dpapi' in membersOf(server['secret']))
    faults.push({ path: `${path}.secret`, message: 'is dpapi, which only Windows has; use {file: PATH}' });
  return faults;
}

function hostFaults(path: string, host: Members, servers: readonly string[]): ConfigFault[] {
  const name = host['server'];
  const faults: ConfigFault[] = [];
  if (name === undefined && servers.length > 1)
    faults.push({ path: `${path}.server`, message: `is missing; it is one of ${servers.join(', ')}` });
  if (typeof name === 'string' && servers.length > 0 && !servers.includes(name))
    faults.push({
      path: `${path}.server`,
      message: `names no server: ${name} (nearest: ${closest(name, servers)})`,
    });
  if (isOff(host['ipv4']) && isOff(host['ipv6']))
    faults.push({ path, message: 'has both families switched off' });
  return faults;
}

function repeatedHosts(hosts: readonly Members[], servers: readonly string[]): ConfigFault[] {
  const seen = new Set<string>();
  return hosts.flatMap((host, at) => {
    const [name, server] = [host['name'], host['server'] ?? servers[0]];
    if (typeof name !== 'string' || typeof server !== 'string') return [];
    const key = `${name.toLowerCase().replace(/\.$/, '')} ${server}`;
    if (seen.has(key)) return [{ path: `hosts.${at}`, message: `repeats the host ${name} at ${server}` }];
    seen.add(key);
    return [];
  });
}

function detectFaults(path: string, detect: unknown): ConfigFault[] {
  return Object.entries(membersOf(detect)).flatMap(([family, value]) => {
    const { quorum, sources } = membersOf(value) as { quorum?: unknown; sources?: unknown };
    const faults: ConfigFault[] = [];
    // Without sources of its own it has the three default ones.
    const count = Array.isArray(sources) ? sources.length : 3;
    if (Number(quorum) > count)
      faults.push({ path: `${path}.${family}.quorum`, message: `is more than the ${count} sources` });
    if (Array.isArray(sources) && new Set(sources.map(String)).size < sources.length)
      faults.push({ path: `${path}.${family}.sources`, message: 'names a source twice' });
    return faults;
  });
}

type Members = Readonly<Record<string, unknown>>;

function membersOf(value: unknown): Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : {};
}

function isOff(value: unknown): boolean {
  return value === false || value === 'false';
}
