/**
 * The scripted server as a process, for tests of clients in other languages. It prints `{"control":"http://127.0.0.1:PORT"}`
 * and ends with its standard input. At that place:
 *
 * - `POST /reply` with a `reply` of the transcripts (and `"host":"::1"` beside it for IPv6) starts a server that says it,
 *   in place of the one before; the answer is `{"url":…,"root":…}`, `root` being the file of the root to trust.
 * - `GET /requests` answers `{"requests":[…],"other":[…]}`: what came, and what came to the place that redirects name.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canIssue, createAuthority } from './certificates.ts';
import type { ScriptedReply } from './reply.ts';
import { type ScriptedServer, startScriptedServer } from './server.ts';

const directory = mkdtempSync(join(tmpdir(), 'homing-scripted-'));
const authority = canIssue() ? createAuthority(directory) : undefined;
const running: { server?: ScriptedServer } = {};

const control = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    void answer(request.method ?? '', Buffer.concat(chunks).toString('utf8')).then(
      (value) => response.end(JSON.stringify(value)),
      (error: unknown) => {
        response.statusCode = 500;
        response.end(String(error));
      },
    );
  });
});

async function answer(method: string, body: string): Promise<unknown> {
  if (method === 'GET')
    return { requests: running.server?.requests ?? [], other: running.server?.otherRequests ?? [] };
  const { reply, host } = JSON.parse(body) as { reply: ScriptedReply; host?: '::1' };
  await running.server?.close();
  running.server = await startScriptedServer({
    script: reply,
    ...(host === undefined ? {} : { host }),
    ...(authority === undefined ? {} : { authority }),
  });
  return { url: running.server.url, root: authority?.root };
}

control.listen(0, '127.0.0.1', () => {
  const address = control.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  process.stdout.write(`${JSON.stringify({ control: `http://127.0.0.1:${port}` })}\n`);
});

const end = (): void => {
  rmSync(directory, { recursive: true, force: true });
  process.exit();
};
process.stdin.resume();
process.stdin.on('end', end);
process.on('SIGTERM', end);
