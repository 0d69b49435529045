/**
 * The page at `/clients/`: the clients that can be had here, with their checksums, and how to install one.
 * Invariant: as the home page: nothing secret, every value escaped, readable without anything else.
 */
import { html } from 'hono/html';
import { type Page, renderPage } from '../home-page.ts';
import type { ClientFile } from './manifest.ts';

/** The page over these files; empty where none were built. `server` is this server's address, where it is a plain one. */
export function renderClientsPage(
  files: readonly ClientFile[],
  server: string | undefined,
): Promise<Response> {
  const base = server ?? 'https://SERVER';
  return renderPage({
    title: 'Homing: clients',
    heading: 'Clients',
    lead: 'Programs that tell this server the address of a machine, by themselves and for years.',
    body: html`${renderInstall(base)} ${files.length === 0 ? renderAbsent() : renderFiles(files, base)}
      <h2>Without a client</h2>
      <p>Routers and programs that speak DynDNS2 need none: see <a href="/">the home page</a>.</p>`,
  });
}

function renderInstall(base: string): Page {
  return html`<h2>Windows</h2>
    <p>In PowerShell, run as administrator:</p>
    <pre tabindex="0"><code>irm ${base}/install.ps1 | iex</code></pre>
    <p>
      It asks for the host and its token, or for an enrolment code, and tests them before it changes anything.
    </p>`;
}

function renderAbsent(): Page {
  return html`<h2>Files</h2>
    <p>
      No clients have been built on this server. In a checkout of Homing,
      <code>npm run build:agent</code> makes them and writes them to <code>clients/dist</code>, from where
      they are served. If they lie elsewhere, set <code>http.clientsDirectory</code>.
    </p>`;
}

function renderFiles(files: readonly ClientFile[], base: string): Page {
  return html`<h2>Files</h2>
    <dl>
      ${files.map(
        ({ name, bytes, sha256, about }) =>
          html`<dt><a href="/clients/${name}">${name}</a><br />${formatSize(bytes)}</dt>
            <dd>${about}<br /><code>${sha256}</code></dd>`,
      )}
    </dl>
    <h2>Check what you got</h2>
    <p>The long numbers are SHA-256, and in <a href="/clients/checksums.txt">checksums.txt</a> once more:</p>
    <pre
      tabindex="0"
    ><code>curl -O ${base}/clients/checksums.txt &amp;&amp; sha256sum --check --ignore-missing checksums.txt</code></pre>`;
}

/** A size for people. */
function formatSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1024 * 1024 ? `${Math.ceil(bytes / 1024)} KiB` : `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
