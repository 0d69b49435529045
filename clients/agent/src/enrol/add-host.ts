/**
 * Adds a server and a host to a configuration, or changes them, and leaves everything else as it is, comments too.
 * Invariant: adding the same twice changes nothing.
 */
import { isMap, isSeq, parseDocument } from 'yaml';

/** What to add. */
export interface Addition {
  readonly url: string;
  readonly path: string;
  readonly user: string;
  /** The file with the token. */
  readonly secretFile: string;
  readonly host: string;
  readonly ca?: string;
  readonly proxy?: string;
  readonly allowHttp?: boolean;
}

/** The text of the configuration with the addition; `text` is empty where there is none yet. Throws where it is none. */
export function addHost(text: string, addition: Addition, format: 'yaml' | 'json'): string {
  const document = parseDocument(text.trim() === '' ? '{}' : text);
  if (document.errors.length > 0 || !isMap(document.contents)) throw new Error('is not a configuration');
  document.contents.flow = false;
  const known = document.toJS() as {
    readonly servers?: Readonly<Record<string, { readonly url?: unknown } | null>> | null;
    readonly hosts?: readonly unknown[] | null;
  };
  const servers = Object.entries(known.servers ?? {});
  const hosts = (known.hosts ?? []) as readonly { readonly name?: unknown; readonly server?: unknown }[];
  // A token may be for its host alone: the server of other hosts keeps theirs.
  const serves = (name: string): boolean =>
    hosts.some((host) => host.name !== addition.host && (host.server ?? servers[0]?.[0]) === name);
  const server =
    servers.find(([name, value]) => originOf(value?.url) === addition.url && !serves(name))?.[0] ??
    freeName(servers);
  const { url, path, user, secretFile, ca, proxy, allowHttp } = addition;
  const settings = {
    url,
    ...(path === '/nic/update' ? {} : { path }),
    user,
    secret: { file: secretFile },
    ...(ca === undefined ? {} : { ca }),
    ...(proxy === undefined ? {} : { proxy }),
    ...(allowHttp === true ? { allowHttp } : {}),
  };
  for (const [key, value] of Object.entries(settings))
    document.setIn(['servers', server, key], document.createNode(value));
  if (!hosts.some(({ name, server: at }) => name === addition.host && (at ?? server) === server)) {
    const entry = document.createNode({ name: addition.host, server });
    const list = document.get('hosts');
    if (isSeq(list)) list.add(entry);
    else document.set('hosts', document.createNode([{ name: addition.host, server }]));
  }
  return format === 'json' ? `${JSON.stringify(document.toJS(), undefined, 2)}\n` : document.toString();
}

function originOf(url: unknown): string | undefined {
  return typeof url === 'string' ? URL.parse(url)?.origin : undefined;
}

function freeName(servers: readonly (readonly [string, unknown])[]): string {
  const taken = new Set(servers.map(([name]) => name));
  for (let n = 1; ; n++) {
    const name = n === 1 ? 'home' : `home${n}`;
    if (!taken.has(name)) return name;
  }
}
