/**
 * Devices that update without a pause over keep-alive connections, each noting what it was told.
 * Invariant: an update is noted as acknowledged only after its whole reply was read and said so for every host.
 */
import { Agent, request } from 'node:http';
import { type Ledger, addressesOf } from './ledger.ts';

/** Settings of a server under this load: its hosts change without end, which no device does. */
export const LOADED = { HOMING_UPDATES_CHANGE_BURST: '0' };

/** One reply. */
interface Reply {
  readonly status: number;
  readonly body: string;
}

/** Where and as whom the devices update. */
export interface LoadTarget {
  readonly httpPort: number;
  readonly user: string;
  readonly password: string;
}

/** Running devices. */
export interface Load {
  /** How many updates were acknowledged so far. */
  acknowledged(): number;
  /** How many were answered 503 and `911`. */
  refused(): number;
  /** Sends nothing more and waits until every device has its last reply or has lost its connection. */
  stop(): Promise<void>;
}

/** Starts one device for each ledger. A reply that fits no update rejects `stop`. */
export function startLoad(target: LoadTarget, ledgers: readonly Ledger[]): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: ledgers.length });
  const counts = { acknowledged: 0, refused: 0, stopped: false };
  const device = async (ledger: Ledger): Promise<void> => {
    while (!counts.stopped) {
      const n = ++ledger.attempted;
      const reply = await send(target, agent, ledger.hosts, n);
      if (reply === undefined) return;
      if (reply.status === 503 && reply.body.trim() === '911') {
        counts.refused++;
        await new Promise((resolve) => setTimeout(resolve, 20));
        continue;
      }
      const { ipv4, ipv6 } = addressesOf(n);
      const expected = ledger.hosts.map(() => `good ${ipv4},${ipv6}\n`).join('');
      if (reply.status !== 200 || reply.body !== expected)
        throw new Error(`update ${n}: status ${reply.status}, ${JSON.stringify(reply.body)}`);
      ledger.acknowledged = n;
      counts.acknowledged++;
    }
  };
  const finished = Promise.allSettled(ledgers.map(device));
  return {
    acknowledged: () => counts.acknowledged,
    refused: () => counts.refused,
    stop: async () => {
      counts.stopped = true;
      const results = await finished;
      agent.destroy();
      const failed = results.find((result) => result.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    },
  };
}

/** One update; undefined where the connection ended before the whole reply was there. */
async function send(
  target: LoadTarget,
  agent: Agent,
  hosts: readonly string[],
  n: number,
): Promise<Reply | undefined> {
  const { ipv4, ipv6 } = addressesOf(n);
  const credentials = Buffer.from(`${target.user}:${target.password}`).toString('base64');
  return new Promise((resolve) => {
    const outgoing = request(
      {
        agent,
        host: '127.0.0.1',
        port: target.httpPort,
        path: `/nic/update?hostname=${hosts.join(',')}&myip=${ipv4},${ipv6}`,
        headers: { Authorization: `Basic ${credentials}` },
      },
      (incoming) => {
        let body = '';
        incoming.setEncoding('latin1');
        incoming.on('data', (text: string) => (body += text));
        incoming.on('close', () => {
          resolve(incoming.complete ? { status: incoming.statusCode ?? 0, body } : undefined);
        });
        // The server was killed in the middle of a reply: an update that was never acknowledged.
        incoming.on('error', () => undefined);
      },
    );
    outgoing.on('error', () => {
      resolve(undefined);
    });
    outgoing.end();
  });
}
