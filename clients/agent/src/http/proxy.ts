/** Which proxy a request goes through. Pure: what the system says comes in. */
import { isThisMachine } from '../config/cross-check.ts';
import type { Environment } from '../config/layers.ts';

/** The proxies of the system. */
export interface SystemProxy {
  readonly https?: string;
  readonly http?: string;
  /** Names without a proxy, as in NO_PROXY. */
  readonly except?: string;
}

/** The proxies that the environment names; undefined where it names none. */
export function proxyOfEnvironment(env: Environment): SystemProxy | undefined {
  const read = (name: string): string | undefined => {
    const value = env[name.toLowerCase()] ?? env[name];
    return value === undefined || value === '' ? undefined : value;
  };
  const [https, http, except] = [read('HTTPS_PROXY'), read('HTTP_PROXY'), read('NO_PROXY')];
  if (https === undefined && http === undefined) return undefined;
  return systemProxy({ https, http, except });
}

/** The registry's `ProxyServer` (`host:port` or `http=host:port;https=host:port`) and `ProxyOverride`. */
export function proxyOfRegistry(server: string, override: string | undefined): SystemProxy {
  const entries = server.split(';').map((entry) => entry.trim().split('='));
  const find = (scheme: string): string | undefined =>
    entries.find(([name, value]) => value !== undefined && name === scheme)?.[1] ??
    entries.find(([, value]) => value === undefined)?.[0];
  const url = (place: string | undefined): string | undefined =>
    place === undefined || place === '' ? undefined : /^https?:/i.test(place) ? place : `http://${place}`;
  const except = override
    ?.split(';')
    .map((name) => name.trim().replace(/^<local>$/i, 'localhost'))
    .join(',');
  return systemProxy({ https: url(find('https')), http: url(find('http')), except });
}

/** The setting of a server and the system's proxies to what a request to `url` uses; undefined: it goes straight. */
export function proxyFor(
  url: string,
  setting: string,
  system: SystemProxy,
): { readonly uri: string; readonly except: string } | undefined {
  // A proxy would look for it on its own machine.
  if (setting === 'none' || isThisMachine(new URL(url))) return undefined;
  if (setting !== 'system') return { uri: setting, except: '' };
  const uri = url.startsWith('https:') ? system.https : system.http;
  if (uri === undefined) return undefined;
  return { uri: /^[a-z0-9]+:\/\//i.test(uri) ? uri : `http://${uri}`, except: system.except ?? '' };
}

function systemProxy(values: {
  readonly https: string | undefined;
  readonly http: string | undefined;
  readonly except: string | undefined;
}): SystemProxy {
  const { https, http, except } = values;
  return {
    ...(https === undefined ? {} : { https }),
    ...(http === undefined ? {} : { http }),
    ...(except === undefined ? {} : { except }),
  };
}
