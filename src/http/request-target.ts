/**
 * The request target in the forms devices send it (D-1): canonical path for routing, raw query for parsing.
 *
 * Invariant: never throws; the path it gives is one that @hono/node-server takes as it stands, so that no request
 * is refused before it is routed. Device paths are matched in any case, with doubled and trailing slashes; all
 * others keep their case and meaning.
 */

/** The paths of the update endpoint (D-1.1). */
export const UPDATE_PATHS = [
  '/nic/update',
  '/v3/update',
  '/v2/update',
  '/update',
  '/nic/dyndns',
  '/nic/statdns',
  '/dyndns/update',
  '/ddns/update',
  '/api/update',
] as const;

/** The paths that answer with the caller's address: the first two in HTML unless asked otherwise (D-9.1). */
export const CHECKIP_HTML_PATHS = ['/checkip', '/nic/checkip'] as const;

/** The paths that answer with the plain address unless asked otherwise (D-9.1). */
export const CHECKIP_TEXT_PATHS = ['/ip', '/myip'] as const;

/** The paths of GnuDIP's CGI program. */
export const GNUDIP_PATHS = ['/gnudip/cgi-bin/gdipupdt.cgi', '/cgi-bin/gdipupdt.cgi'] as const;

/** Paths of other dialects and of clients' installers that are matched like those of devices. */
const DIALECT_PATHS = [
  '/dynamic/update.php',
  '/register',
  '/health',
  '/present',
  '/cleanup',
  '/enroll',
  '/install.ps1',
  '/clients',
  ...GNUDIP_PATHS,
] as const;

/** What a path begins with that has values of their own case behind it. */
const PREFIX_BEFORE_VALUES = /^\/(?:u|update)\//i;

/** A target taken apart. `route` may still carry a query that hono may read; it is empty on device paths. */
export interface RequestTarget {
  readonly route: string;
  readonly query: string;
}

/** Where a target leads that no URL can hold. No route has this path. */
export const NOWHERE = '/-';

const DEVICE_PATHS: ReadonlySet<string> = new Set([
  '/',
  ...UPDATE_PATHS,
  ...CHECKIP_HTML_PATHS,
  ...CHECKIP_TEXT_PATHS,
  ...DIALECT_PATHS,
  '/healthz',
]);

const UPDATE_ROUTES: ReadonlySet<string> = new Set(UPDATE_PATHS);

/** Whether a route is the update endpoint's. `/` with a query that names a host (D-1.2) is not one by itself. */
export function isUpdatePath(route: string): boolean {
  return UPDATE_ROUTES.has(route);
}

/** Takes a raw request target (RFC 9112 §3.2, origin or absolute form) apart. */
export function parseRequestTarget(target: string): RequestTarget {
  const local = target.startsWith('/') ? target : withoutAuthority(target);
  const mark = local.indexOf('?');
  const path = mark < 0 ? local : local.slice(0, mark);
  const query = mark < 0 ? '' : local.slice(mark + 1);
  if (DEVICE_PATHS.has(path)) return { route: path, query };
  const collapsed = path.replace(/\/{2,}/g, '/');
  const canonical = (collapsed.length > 1 ? collapsed.replace(/\/$/, '') : collapsed).toLowerCase();
  if (DEVICE_PATHS.has(canonical)) return { route: canonical, query };
  const other = collapsed.replace(PREFIX_BEFORE_VALUES, (prefix) => prefix.toLowerCase());
  return { route: otherRoute(mark < 0 ? other : `${other}?${query}`), query };
}

function withoutAuthority(target: string): string {
  const rest = /^https?:\/\/[^/?#]*(.*)$/is.exec(target)?.[1];
  if (rest === undefined) return NOWHERE;
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/** What a URL parser makes of it: dot segments resolved, odd octets escaped. */
function otherRoute(text: string): string {
  if (!text.startsWith('/') || text.includes('\\') || !URL.canParse(`http://localhost${text}`))
    return NOWHERE;
  const url = new URL(`http://localhost${text}`);
  return url.pathname + url.search;
}
