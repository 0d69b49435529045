/**
 * The mixed load of a soak: devices that move, queries over UDP and TCP, log-ins with right and wrong passwords over
 * connections of their own, backups. Paced, so that it is the same from the first minute to the last.
 * Invariant: an answer that fits no request is an error of the soak, not of the statistics.
 */
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import type { Resolver } from 'node:dns/promises';
import { connectControl } from '../../../src/cli/control/client.ts';
import type { HomingProcess } from '../../interop/homing-process.ts';
import { addressesOf } from '../ledger.ts';
import { createResolver } from '../observe.ts';

/** How much was done. */
export interface Done {
  updates: number;
  queries: number;
  overTcp: number;
  logins: number;
  refusedLogins: number;
  backups: number;
}

/** Whom the load acts for. */
export interface SoakAccounts {
  readonly hosts: readonly string[];
  readonly account: string;
  readonly token: string;
  readonly password: string;
  readonly backupFile: string;
}

/** A running load. */
export interface SoakLoad {
  readonly done: Readonly<Done>;
  /** Ends it; rejects with the first thing that went wrong. */
  stop(): Promise<void>;
}

const SOA_QUERY = Buffer.from('001b1234000001000000000000' + '05637261736804746573740000060001', 'hex');

/** Starts the load on a server. */
export function startSoakLoad(server: HomingProcess, accounts: SoakAccounts): SoakLoad {
  const done: Done = { updates: 0, queries: 0, overTcp: 0, logins: 0, refusedLogins: 0, backups: 0 };
  const state = { stopped: false };
  const resolver = createResolver(server.dnsPort);
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const every = async (ms: number, job: (n: number) => Promise<void>): Promise<void> => {
    for (let n = 1; !state.stopped; n++) {
      await job(n);
      await new Promise((resolve) => setTimeout(resolve, ms));
    }
  };
  const { hosts, account, token, password } = accounts;
  const jobs = [
    ...hosts.map((host) =>
      every(20, async (n) => {
        const { ipv4 } = addressesOf(n);
        const reply = await update(server, { host, ipv4, user: account, secret: token }, agent);
        if (reply.body !== `good ${ipv4}\n`)
          throw new Error(`update ${n} of ${host}: ${reply.status} ${reply.body}`);
        done.updates++;
      }),
    ),
    every(5, async (n) => {
      await query(resolver, n, hosts);
      done.queries++;
    }),
    every(100, async () => {
      await queryOverTcp(server.dnsPort);
      done.overTcp++;
    }),
    every(250, async () => {
      const reply = await update(
        server,
        { host: hosts[0]!, ipv4: undefined, user: account, secret: password },
        false,
      );
      if (!/^(good|nochg) /.test(reply.body))
        throw new Error(`a right password: ${reply.status} ${reply.body}`);
      done.logins++;
    }),
    every(500, async (n) => {
      const wrong = { host: hosts[0]!, ipv4: undefined, user: `nobody${n}`, secret: `wrong ${n}` };
      const reply = await update(server, wrong, false);
      if (reply.status === 200) throw new Error(`a wrong password: ${reply.status} ${reply.body}`);
      done.refusedLogins++;
    }),
    every(5000, async () => {
      const client = await connectControl(server.dataDirectory);
      const reply = await client!.request({ op: 'backup', file: accounts.backupFile });
      client!.close();
      if (!reply.ok) throw new Error(`a backup: ${reply.message}`);
      done.backups++;
    }),
  ];
  // The first failure ends the others, too.
  const finished = Promise.all(jobs);
  finished.catch(() => (state.stopped = true));
  return {
    done,
    stop: async () => {
      state.stopped = true;
      await finished;
      agent.destroy();
    },
  };
}

async function query(resolver: Resolver, n: number, hosts: readonly string[]): Promise<void> {
  if (n % 4 > 0) await resolver.resolve4(hosts[n % hosts.length]!).catch(ignoreNoData);
  else await resolver.resolve4(`nobody${n}.crash.test`).catch(ignoreNoData);
}

/** A name without an address, or none of that name, is an answer. */
function ignoreNoData(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENODATA' && error.code !== 'ENOTFOUND') throw error;
}

async function queryOverTcp(port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(SOA_QUERY));
    socket.once('data', () => {
      socket.end();
    });
    socket.once('error', reject);
    socket.once('close', () => {
      resolve();
    });
  });
}

interface UpdateOf {
  readonly host: string;
  /** Undefined: the address that the request comes from. */
  readonly ipv4: string | undefined;
  readonly user: string;
  readonly secret: string;
}

function update(
  { httpPort }: HomingProcess,
  { host, ipv4, user, secret }: UpdateOf,
  agent: Agent | false,
): Promise<{ status: number; body: string }> {
  const address = ipv4 === undefined ? 'myipv6=fd00::1' : `myip=${ipv4}`;
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        agent,
        host: '127.0.0.1',
        port: httpPort,
        path: `/nic/update?hostname=${host}&${address}`,
        headers: { Authorization: `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}` },
      },
      (incoming) => {
        let body = '';
        incoming.setEncoding('latin1').on('data', (text: string) => (body += text));
        incoming.on('end', () => {
          resolve({ status: incoming.statusCode ?? 0, body });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end();
  });
}
