/**
 * A running server fed with hostile datagrams, and asked a plain question between them: it must go on answering,
 * without a defect, a lost worker or an answer that is no message.
 */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createDnsServer } from '../../src/dns/server/dns-server.ts';
import { decode, query } from '../dns/message.ts';
import { SILENT_LOG } from '../dns/zones.ts';
import { mutations } from './mutations.ts';
import { createFuzzedStore } from './world.ts';

/** What came of the datagrams. */
export interface UdpFuzzReport {
  readonly sent: number;
  readonly answers: number;
  readonly lane: string;
  readonly perSecond: number;
}

/** How many are sent between two questions: no more than a receive buffer holds. */
const BURST = 64;
const PROBE = query('home.example.test', 'A', { id: 0xfeed });
const PATIENCE_MS = 5000;

/** Sends `packets` datagrams to a server with this many workers (0: node:dgram). Rejects where it does not go on. */
export async function fuzzOverUdp(packets: number, workers: number, seed = 1): Promise<UdpFuzzReport> {
  const store = await createFuzzedStore();
  const server = createDnsServer({
    listen: [{ address: '127.0.0.1', port: 0 }],
    zones: store.view,
    settings: { cookies: 'random', identity: 'fuzzed' },
    log: SILENT_LOG,
    workers: { feed: store, count: workers },
  });
  await server.start();
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = server.addresses[0]!;
  let answers = 0;
  let onProbe = (): void => undefined;
  let broken: unknown;
  socket.on('message', (message) => {
    answers++;
    try {
      if (decode(message).id === 0xfeed && message[7] === 1) onProbe();
    } catch (error) {
      broken ??= error;
    }
  });
  const source = mutations(seed);
  const start = performance.now();
  try {
    for (let sent = 0; sent < packets; sent += BURST) {
      for (let i = 0; i < BURST; i++) socket.send(Buffer.from(source.next().value), port, '127.0.0.1');
      await probed((done) => {
        onProbe = done;
        socket.send(PROBE, port, '127.0.0.1');
      });
      if (broken !== undefined) throw new Error('an answer is no message', { cause: broken });
    }
    assert.equal(server.stats.bugs, 0);
    return {
      sent: packets,
      answers,
      lane: server.lane,
      perSecond: (packets * 1000) / (performance.now() - start),
    };
  } finally {
    socket.close();
    await server.stop();
  }
}

/** Asks until an answer comes: a datagram may be lost. Rejects after five seconds of silence. */
async function probed(ask: (done: () => void) => void): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const again = setInterval(() => {
      ask(finish);
    }, 250);
    const timer = setTimeout(() => {
      clearInterval(again);
      reject(new Error(`no answer for ${PATIENCE_MS} ms`));
    }, PATIENCE_MS);
    function finish(): void {
      clearInterval(again);
      clearTimeout(timer);
      resolve();
    }
    ask(finish);
  });
}
