/** The sources of `quorum.jsonl` as servers that end with the test. */
import type { TestContext } from 'node:test';
import type { Authority } from './certificates.ts';
import type { QuorumSource } from './reply.ts';
import { startScriptedServer } from './server.ts';

/** Starts what a source is, and returns its URL. `authority` is needed where it speaks TLS. */
export async function listenAs(t: TestContext, source: QuorumSource, authority?: Authority): Promise<string> {
  const server = await startScriptedServer({
    script: source,
    ...(authority === undefined ? {} : { authority }),
  });
  if (source.refused === true) await server.close();
  else t.after(() => server.close());
  // On this machine as well, but not by a name that says so.
  return source.elsewhere === true ? server.url.replace('127.0.0.1', '0.0.0.0') : server.url;
}
