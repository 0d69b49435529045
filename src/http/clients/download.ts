/**
 * Sends client files: streamed from the disk, with ranges (RFC 9110 §14) and the SHA-256 as entity tag.
 *
 * Invariants: at most so many downloads at once, of all and of one network, and none that stands still or creeps, so that
 * large files take neither memory nor descriptors from the rest; a file whose size is not the manifest's is not sent at all.
 */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono } from 'hono';
import { sourceNetwork } from '../../account/lockout/source-network.ts';
import type { Exchange } from '../exchange.ts';
import { type ReplyHeaders, textReply } from '../reply.ts';
import type { ClientFile } from './manifest.ts';

/** How downloads are bounded. */
export interface DownloadLimits {
  /** Downloads at once. */
  readonly atOnce: number;
  /** Of these, to one network: nobody alone keeps all others from theirs. */
  readonly perNetwork: number;
  /** How long a client may take nothing, milliseconds. */
  readonly idleMs: number;
  /** Octets a second: a download that is slower on the whole is ended. */
  readonly leastPace: number;
}

/** The limits unless others are given. */
export const DOWNLOAD_LIMITS: DownloadLimits = {
  atOnce: 16,
  perNetwork: 8,
  idleMs: 60_000,
  leastPace: 8192,
};

/** Seconds after which to try again: a small file is through by then. */
const RETRY_AFTER = '10';
/** One range; several are answered with the whole file, as every server may. */
const SINGLE_RANGE = /^bytes=(?:\d+-\d*|-\d+)$/;

/** Sends files of one folder. */
export type Downloads = (exchange: Exchange, file: ClientFile) => Promise<Response>;

/** The downloads of a folder, which must be there. */
export function createDownloads(directory: string, limits: DownloadLimits = DOWNLOAD_LIMITS): Downloads {
  const folder = new Hono().get('*', serveStatic({ root: directory }));
  let underWay = 0;
  /** By network; those that have none are not in it. */
  const ofNetwork = new Map<string, number>();

  return async (exchange, file) => {
    const headers = headersOf(file);
    const etag = headers['ETag']!;
    if (matches(exchange.headers['if-none-match'], etag)) return new Response(null, { status: 304, headers });
    const found = await lstat(join(directory, file.name)).catch(() => undefined);
    if (found?.isFile() !== true || found.size !== file.bytes)
      return textReply(`${file.name} is being replaced. Try again.\n`, 503, { 'Retry-After': RETRY_AFTER });
    const network = sourceNetwork(exchange.source);
    const own = ofNetwork.get(network) ?? 0;
    if (underWay >= limits.atOnce || own >= limits.perNetwork)
      return textReply('Too many downloads at once. Try again.\n', 503, { 'Retry-After': RETRY_AFTER });
    underWay++;
    ofNetwork.set(network, own + 1);
    let isFree = false;
    const release = (): void => {
      if (isFree) return;
      isFree = true;
      underWay--;
      const left = ofNetwork.get(network)! - 1;
      if (left === 0) ofNetwork.delete(network);
      else ofNetwork.set(network, left);
    };
    try {
      const sent = await folder.fetch(requestOf(exchange, file, etag));
      if (sent.body === null) release();
      const hangUp = (): void => {
        exchange.hangUp();
      };
      const wholeMs = limits.idleMs + (file.bytes / limits.leastPace) * 1000;
      const bounds = { release, hangUp, idleMs: limits.idleMs, wholeMs };
      const body = sent.body === null ? null : guard(sent.body, bounds);
      return new Response(body, { status: sent.status, headers: { ...headers, ...kept(sent.headers) } });
    } catch (error) {
      release();
      throw error;
    }
  };
}

function headersOf({ name, sha256, type }: ClientFile): ReplyHeaders {
  return {
    'Content-Type': type,
    ETag: `"${sha256}"`,
    'Accept-Ranges': 'bytes',
    // May be kept, but a new build is seen at once.
    'Cache-Control': 'no-cache',
    'X-Content-Type-Options': 'nosniff',
    ...(type.startsWith('text/') ? {} : { 'Content-Disposition': `attachment; filename="${name}"` }),
  };
}

/** Of what the folder says, what is about the bytes that are sent. */
function kept(headers: Headers): ReplyHeaders {
  const names = ['Content-Length', 'Content-Range', 'Last-Modified'];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = headers.get(name);
      return value === null ? [] : [[name, value] as const];
    }),
  );
}

/** What the folder is asked: the method, and the range where it is of this very file (RFC 9110 §13.1.5). */
function requestOf({ method, headers }: Exchange, { name }: ClientFile, etag: string): Request {
  const { range } = headers;
  const condition = headers['if-range'];
  const isWanted = range !== undefined && SINGLE_RANGE.test(range) && (condition ?? etag) === etag;
  return new Request(`http://localhost/${name}`, { method, headers: isWanted ? { Range: range } : {} });
}

function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
}

/** The same bytes; `release` is called once they are through or given up, `hangUp` where nobody takes them in time. */
function guard(
  body: ReadableStream<Uint8Array>,
  {
    release,
    hangUp,
    idleMs,
    wholeMs,
  }: { release: () => void; hangUp: () => void; idleMs: number; wholeMs: number },
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let timer: NodeJS.Timeout | undefined;
  const whole = setTimeout(hangUp, wholeMs).unref();
  const end = (): void => {
    clearTimeout(timer);
    clearTimeout(whole);
    release();
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        clearTimeout(timer);
        const { done, value } = await reader.read().catch((error: unknown) => {
          // The disk failed, or the file is shorter than it was: what was announced cannot be sent.
          end();
          throw error;
        });
        if (done) {
          end();
          controller.close();
          return;
        }
        timer = setTimeout(hangUp, idleMs);
        controller.enqueue(value);
      },
      // Also where the connection has ended, for whatever reason.
      async cancel(reason) {
        end();
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}
