/** The request of an update (A-3.1). Invariant: the secret stands in the Authorization header and nowhere else. */
import type { ServerConfig } from '../config/agent-config.ts';
import { type Connections } from '../http/connections.ts';
import { withDeadline } from '../http/deadline.ts';
import { exchange } from '../http/exchange.ts';
import { describeFault } from '../http/fault.ts';
import { MOST_REPLY_OCTETS, type Outcome, interpretReply } from './reply.ts';

/** Where to send what. */
export interface UpdateRequest {
  readonly server: ServerConfig;
  readonly secret: string;
  readonly host: string;
  /** In canonical form, IPv4 first. */
  readonly addresses: readonly string[];
  readonly userAgent: string;
}

/** The URL of an update. */
export function updateUrl({ server, host, addresses }: UpdateRequest): string {
  // The comma between two addresses is plain: some servers do not decode it.
  const myip = addresses.map((address) => address.replaceAll(/[^0-9A-Fa-f.:]/g, '')).join(',');
  return `${server.url}${server.path}?hostname=${encodeURIComponent(host)}&myip=${myip}`;
}

/** Sends one update; every end of it is an outcome. */
export async function sendUpdate(
  request: UpdateRequest,
  options: { readonly connections: Connections; readonly signal: AbortSignal; readonly now: () => number },
): Promise<Outcome> {
  const { server, secret, addresses, userAgent } = request;
  const url = updateUrl(request);
  try {
    const reply = await withDeadline(options.signal, server.requestTimeoutMs, (signal) =>
      exchange({
        url,
        headers: {
          authorization: `Basic ${Buffer.from(`${server.user}:${secret}`, 'utf8').toString('base64')}`,
          'user-agent': userAgent,
        },
        dispatcher: options.connections.to(url),
        mostOctets: MOST_REPLY_OCTETS,
        signal,
      }),
    );
    return interpretReply(reply, addresses, options.now());
  } catch (error) {
    return { kind: 'failed', ...describeFault(error) };
  }
}
