/** Whether a connection stays open behind a reply. Invariant: only for a client that asks for it (D-8.3). */

/** HTTP/1.1's own default is to stay, but most devices read until the end and would wait for it. */
export function asksForKeepAlive(connection: string | undefined): boolean {
  if (connection === undefined) return false;
  return (
    connection === 'keep-alive' || (/\bkeep-alive\b/i.test(connection) && !/\bclose\b/i.test(connection))
  );
}
