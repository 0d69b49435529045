/**
 * The paths of the clients: `/clients/`, `/clients/checksums.txt`, `/clients/FILE` and `/install.ps1`.
 * Invariants: only files of the manifest are sent, whatever a path says; nothing here writes anything.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Hono } from 'hono';
import type { ServerUrl } from '../../net/server-url.ts';
import type { Exchange } from '../exchange.ts';
import type { HttpLog } from '../log.ts';
import { plainReply, type Reply, textReply, toResponse } from '../reply.ts';
import { renderClientsPage } from './clients-page.ts';
import { type DownloadLimits, type Downloads, createDownloads } from './download.ts';
import { fillInServer, serverOf } from './install-script.ts';
import { type ClientFile, createClientLibrary } from './manifest.ts';

/** Where the clients are. */
export interface ClientsOptions {
  /** The folder of the manifest; it may be missing. */
  readonly directory: string;
  /** The installer's own source, served where the folder has none. */
  readonly installScript: string;
  /** How devices reach this server, where that was set; asked for each request. */
  readonly publicUrl: () => ServerUrl | null;
  readonly limits?: DownloadLimits;
}

const INSTALLER = 'install.ps1';
const NO_FILES: ReadonlyMap<string, ClientFile> = new Map();

/** Adds the routes; `notFound` answers for files that there are not. Why there are none is logged once. */
export function addClientRoutes(
  app: Hono<{ Bindings: Exchange }>,
  { directory, installScript, publicUrl, limits }: ClientsOptions,
  { notFound, log }: { readonly notFound: (exchange: Exchange) => Reply; readonly log: HttpLog },
): void {
  const library = createClientLibrary(directory);
  let downloads: Downloads | undefined;
  let told = '';
  const listed = async (): Promise<ReadonlyMap<string, ClientFile> | undefined> => {
    const files = await library.files();
    if (files.ok) return files.value;
    if (files.reason !== told) log.warn({ reason: files.reason }, 'there are no client files to serve');
    told = files.reason;
    return undefined;
  };

  app.get('/clients', async (c) => {
    const files = (await listed()) ?? NO_FILES;
    return renderClientsPage([...files.values()], serverOf(c.env, publicUrl()));
  });
  app.get('/clients/checksums.txt', async (c) => {
    const files = await listed();
    if (files === undefined) return toResponse(notFound(c.env));
    return textReply(formatChecksums([...files.values()]), 200, {
      'X-Content-Type-Options': 'nosniff',
    });
  });
  app.get('/clients/:name', async (c) => {
    const file = (await listed())?.get(c.req.param('name'));
    if (file === undefined) return toResponse(notFound(c.env));
    downloads ??= createDownloads(directory, limits);
    return downloads(c.env, file);
  });
  app.get(`/${INSTALLER}`, async (c) => {
    const built = (await listed())?.has(INSTALLER) === true;
    return toResponse(await replyInstaller(built ? join(directory, INSTALLER) : installScript, c.env));
  });

  async function replyInstaller(path: string, exchange: Exchange): Promise<Reply> {
    const server = serverOf(exchange, publicUrl());
    if (server === undefined)
      return plainReply('The Host header of this request is no plain host and port.\n', 400);
    const script = await readFile(path, 'utf8').catch(() => undefined);
    if (script === undefined) return notFound(exchange);
    const text = fillInServer(script, server);
    if (text === undefined)
      return plainReply(
        `# ${INSTALLER} has no line for the server's address: $HomingServer = '' # homing:server\n`,
        503,
      );
    return plainReply(text, 200, { Vary: 'Host', 'X-Content-Type-Options': 'nosniff' });
  }
}

/** As `sha256sum --check` reads it. */
function formatChecksums(files: readonly ClientFile[]): string {
  return files.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join('');
}
