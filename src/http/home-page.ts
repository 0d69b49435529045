/**
 * The page at `/`: what runs here, how it is, who is asking, how to try it.
 * Invariants: nothing secret; complete without JavaScript and without any other file; every value escaped
 * (hono/html); readable in light and dark and without seeing colours.
 */
import { createHash } from 'node:crypto';
import { html, raw } from 'hono/html';
import { formatIpAddress } from '../net/ip-address.ts';
import type { Exchange } from './exchange.ts';
import { type Health, type HealthCheck, resolveHealth } from './health.ts';
import type { ReplyHeaders } from './reply.ts';

/** What an instance tells everybody about itself. */
export interface Description {
  readonly version: string;
  readonly zones: number;
  readonly hosts: number;
  /** How DNS over UDP is served, in words; no path or error of the machine. */
  readonly dnsLane: string;
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2430; --soft: #566173; --paper: #fbfaf7; --card: #fff; --line: #dcd8cf; --mark: #0b6e4f; --bad: #a3271b }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e6e1; --soft: #a5adba; --paper: #14181d; --card: #1c2229; --line: #333c47; --mark: #6fd3ac; --bad: #ff9d90 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.6 system-ui, sans-serif }
main { max-width: 44rem; margin: 0 auto; padding: 3rem 1.25rem }
h1 { margin: 0; font-size: 2rem; line-height: 1.2; letter-spacing: -.02em }
h2 { margin: 2.5rem 0 .5rem; font-size: 1.1rem }
p { margin: .5rem 0 }
.lead { color: var(--soft) }
dl { display: grid; grid-template-columns: minmax(7rem, max-content) 1fr; gap: .5rem 1.5rem; margin: 1.5rem 0 0; padding: 1.25rem; background: var(--card); border: 1px solid var(--line); border-radius: .5rem }
dt { color: var(--soft) }
dd { margin: 0; overflow-wrap: anywhere }
.well { color: var(--mark); font-weight: 600 }
.ill { color: var(--bad); font-weight: 600 }
code { font: .95em/1.5 ui-monospace, monospace }
pre { margin: .5rem 0; padding: 1rem; overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: .5rem }
a { color: var(--mark) }
pre:focus-visible { outline: 2px solid var(--mark); outline-offset: 2px }
`;

// One piece: the policy allows exactly these bytes, and a formatter may indent what stands inside a template.
const STYLE_ELEMENT = raw(`<style>${STYLE}</style>`);
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

const PAGE_HEADERS: ReplyHeaders = {
  'Content-Type': 'text/html; charset=utf-8',
  'Cache-Control': 'no-store',
  'Content-Security-Policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
};

/** The page for one caller. */
export async function replyHomePage(
  exchange: Exchange,
  description: Description,
  check: HealthCheck,
): Promise<Response> {
  const health = await resolveHealth(check);
  return renderPage({
    title: 'Homing: dynamic DNS',
    heading: 'Homing',
    lead: 'Dynamic DNS: a device tells its address here, and the next DNS question gets it.',
    body: html`${renderFacts(exchange, description, health)} ${renderTrial(baseUrlOf(exchange))}`,
  });
}

/** HTML whose values are escaped. */
export type Page = ReturnType<typeof html>;

/** A page in the look of all pages: its name, its first lines, and what follows. */
export async function renderPage({
  title,
  heading,
  lead,
  body,
}: {
  readonly title: string;
  readonly heading: string;
  readonly lead: string;
  readonly body: Page;
}): Promise<Response> {
  const page = await html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <title>${title}</title>
        ${STYLE_ELEMENT}
      </head>
      <body>
        <main>
          <h1>${heading}</h1>
          <p class="lead">${lead}</p>
          ${body}
        </main>
      </body>
    </html> `;
  return new Response(String(page), { status: 200, headers: PAGE_HEADERS });
}

function renderFacts(exchange: Exchange, description: Description, health: Health): Page {
  const failing = Object.entries(health.checks).filter(([, state]) => state !== 'pass');
  return html`<dl>
    <dt>Your address</dt>
    <dd><code>${formatIpAddress(exchange.source)}</code></dd>
    <dt>Health</dt>
    <dd class="${health.healthy ? 'well' : 'ill'}">
      ${health.healthy ? 'Everything works' : 'Something does not work'}
      ${failing.map(([part, state]) => html`<br />${part}: ${state}`)}
    </dd>
    <dt>Zones</dt>
    <dd>${description.zones}</dd>
    <dt>Hosts</dt>
    <dd>${description.hosts}</dd>
    <dt>DNS over UDP</dt>
    <dd>${description.dnsLane}</dd>
    <dt>Version</dt>
    <dd>${description.version}</dd>
  </dl>`;
}

function renderTrial(base: string): Page {
  return html`<h2>Send an address</h2>
    <p>With the name of your host and its device token:</p>
    <pre tabindex="0"><code>curl -u NAME:TOKEN "${base}/nic/update?hostname=NAME"</code></pre>
    <p>
      Without <code>myip</code> the address that the request comes from is taken. ddclient, inadyn, FRITZ!Box
      and every other client of the DynDNS2 protocol use the same path.
    </p>
    <h2>See your address</h2>
    <pre tabindex="0"><code>curl ${base}/ip</code></pre>
    <h2>Let a client do it</h2>
    <p>Clients that keep a machine's name current by themselves lie at <code>/clients/</code> here.</p>`;
}

const HOST_HEADER = /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i;

/** The address under which this caller reached the page; what a header says here is shown to its sender alone. */
function baseUrlOf({ host, headers }: Exchange): string {
  const scheme = headers['x-forwarded-proto'] === 'https' ? 'https' : 'http';
  return `${scheme}://${HOST_HEADER.test(host) ? host : 'SERVER'}`;
}
