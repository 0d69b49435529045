/**
 * Updates in process, without sockets: from what a request said to its reply, with the store's real files, the answer
 * table and the log behind it. As a process of its own, that is told by messages what to do: two of them, over few
 * and over many hosts, take turns, and neither warms the other's caches.
 *
 * `node bench/growth/updates-in-process.ts DATA SECRET HOSTS`, of a data directory as bench/provision.ts makes it.
 * Invariant: a reply that is not the expected one ends it.
 */
import { createAuthenticator } from '../../src/account/create-authenticator.ts';
import { createPasswordHasher } from '../../src/account/password.ts';
import { PublishedAnswers, createLocalTable } from '../../src/dns/server/published-answers.ts';
import { AttemptRecord } from '../../src/http/attempts/attempt-record.ts';
import type { Exchange } from '../../src/http/exchange.ts';
import { createHttpLog } from '../../src/http/log.ts';
import type { DialectHandler } from '../../src/http/update/dialect.ts';
import { createUpdateSurface } from '../../src/http/update/surface.ts';
import { plainReply } from '../../src/http/reply.ts';
import { addressFromBytes } from '../../src/net/ip-address.ts';
import { systemClock } from '../../src/ops/clock.ts';
import { createLog } from '../../src/ops/log.ts';
import { openEmbeddedStore } from '../../src/store/embedded/open-embedded-store.ts';
import { createChangeBudget } from '../../src/update/change-budget.ts';
import { createCommitter } from '../../src/update/commit.ts';
import { createUpdateService } from '../../src/update/create-service.ts';
import { ACCOUNT, APEX } from '../provision.ts';
import { basic } from '../updates/load.ts';

/** `same`: one host, unchanged. `unchanged`: a random host each time. `changed`: a new address for a random host. */
export type InProcessMode = 'same' | 'unchanged' | 'changed';

/** What is asked of the process: so many updates. It answers with the microseconds of processor time of each. */
export interface InProcessTask {
  readonly mode: InProcessMode;
  readonly updates: number;
}

/** Requests that are made before the time is taken, so that making them is not counted. */
const MADE_AT_ONCE = 1024;
/** Changes that are on their way together, as 64 connections have them. */
const CONCURRENT = 64;
/** As in a server that is under load: no device changes as often. */
const BUDGET = { burst: 0, refillMs: 1 };

async function createUpdates(data: string): Promise<DialectHandler> {
  const store = await openEmbeddedStore({ directory: data, clock: systemClock, onNotice: () => undefined });
  const { view } = store;
  const committer = createCommitter({ store, clock: systemClock });
  const { log } = createLog({ level: 'info', pretty: false, sink: { write: (line) => line.length } });
  const service = createUpdateService({
    view,
    committer,
    clock: systemClock,
    budget: createChangeBudget(BUDGET),
  });
  await new PublishedAnswers(createLocalTable(), store, {
    general: () => undefined,
    cookies: undefined,
  }).start();
  const passwords = createPasswordHasher({ threads: 1, cost: 12 });
  return createUpdateSurface({
    service,
    authenticator: createAuthenticator({ accounts: view, passwords, clock: systemClock }),
    log: createHttpLog(log.child({ room: 'http' })),
    clock: systemClock,
    attempts: new AttemptRecord(view),
    health: () => Promise.resolve({ healthy: true, checks: {} }),
    notFound: () => plainReply('', 404),
  }).update;
}

/** Sends updates and keeps the addresses that hosts have by now. */
class Sender {
  readonly #update: DialectHandler;
  readonly #authorization: string;
  /** The last octets of the addresses of all hosts. */
  readonly #addresses: Uint32Array;
  #requests = 0;

  constructor(update: DialectHandler, secret: string, hosts: number) {
    this.#update = update;
    this.#authorization = basic(ACCOUNT, secret);
    this.#addresses = Uint32Array.from({ length: hosts }, (_, i) => i);
  }

  /** Microseconds of processor time of each update. */
  async run({ mode, updates }: InProcessTask): Promise<number> {
    let micros = 0;
    for (let left = updates; left > 0; left -= MADE_AT_ONCE) {
      const exchanges = Array.from({ length: MADE_AT_ONCE }, () => this.#exchange(mode));
      const before = process.cpuUsage();
      if (mode === 'changed') await this.#change(exchanges);
      else for (const exchange of exchanges) expectReply(this.#update(exchange), 'nochg');
      const { user, system } = process.cpuUsage(before);
      micros += user + system;
    }
    return micros / (Math.ceil(updates / MADE_AT_ONCE) * MADE_AT_ONCE);
  }

  async #change(exchanges: readonly Exchange[]): Promise<void> {
    for (let start = 0; start < exchanges.length; start += CONCURRENT) {
      const together = exchanges.slice(start, start + CONCURRENT);
      for (const reply of await Promise.all(together.map(async (exchange) => await this.#update(exchange))))
        expectReply(reply, 'good');
    }
  }

  #exchange(mode: InProcessMode): Exchange {
    const host = mode === 'same' ? 7 : Math.floor(Math.random() * this.#addresses.length);
    if (mode === 'changed') this.#addresses[host] = (this.#addresses[host]! + 0x10_0001) & 0xff_ffff;
    const address = this.#addresses[host]!;
    const text = `10.${address >> 16}.${(address >> 8) & 255}.${address & 255}`;
    const query = `hostname=h${host}.${APEX}&myip=${text}`;
    return {
      requestId: `0a1b2c3d-${(this.#requests++).toString(36)}`,
      method: 'GET',
      route: '/nic/update',
      // As it comes from a parser of HTTP: a string of its own.
      query: Buffer.from(query, 'latin1').toString('latin1'),
      host: 'localhost',
      headers: { authorization: this.#authorization, connection: 'keep-alive' },
      source: LOOPBACK,
      secure: false,
      readBody: () => Promise.resolve({ kind: 'cut-short' }),
      hangUp: () => undefined,
    };
  }
}

const LOOPBACK = addressFromBytes(Uint8Array.of(127, 0, 0, 1));

function expectReply(reply: ReturnType<DialectHandler>, code: string): void {
  if (reply instanceof Promise || !reply.body.startsWith(code))
    throw new Error(`not ${code} but ${reply instanceof Promise ? 'a promise' : reply.body}`);
}

if (import.meta.main) {
  const [data = '', secret = '', hosts = '0'] = process.argv.slice(2);
  const sender = new Sender(await createUpdates(data), secret, Number(hosts));
  process.on('message', (task: InProcessTask) => {
    void sender.run(task).then((micros) => process.send!(micros));
  });
  process.on('disconnect', () => process.exit());
  process.send!(0);
}
