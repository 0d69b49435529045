/**
 * A DNS server whose hosts change all the time: a store on disk, one UDP worker, and so many durable updates a second
 * from within. Arguments: DIRECTORY PORT HOSTS UPDATES-A-SECOND. On SIGTERM it prints how many it made and ends.
 */
import { createDnsServer } from '../../src/dns/server/dns-server.ts';
import { systemClock } from '../../src/ops/clock.ts';
import { openEmbeddedStore } from '../../src/store/embedded/open-embedded-store.ts';
import { createCommitter } from '../../src/update/commit.ts';
import { hostChange, nameOf } from '../provision.ts';

const TURN_MS = 1;

const [directory = '', ...numbers] = process.argv.slice(2);
const [port, hosts, perSecond] = numbers.map(Number) as [number, number, number];
const store = await openEmbeddedStore({ directory, onNotice: () => undefined });
const committer = createCommitter({ store, clock: systemClock });
const print = (fields: object, message: string): void => {
  console.error(message, fields);
};
const server = createDnsServer({
  listen: [{ address: '127.0.0.1', port }],
  zones: store.view,
  settings: { cookies: 'random', rateLimits: { rate: 100_000 } },
  log: { info: print, warn: print, error: print },
  workers: { feed: store, count: 1 },
});
await server.start();

const begun = performance.now();
let submitted = 0;
let made = 0;
const timer = setInterval(() => {
  for (const due = ((performance.now() - begun) / 1000) * perSecond; submitted < due; submitted++) {
    const number = (submitted * 7919) % hosts;
    const changes = [hostChange(number)];
    void committer
      .submit({ footprint: [nameOf(`h${number}`)], plan: () => ({ changes, result: undefined }) })
      .then(() => made++);
  }
}, TURN_MS);

process.once('SIGTERM', () => {
  clearInterval(timer);
  console.error(`${Math.round((made * 1000) / (performance.now() - begun))} updates a second`);
  void Promise.all([server.stop(), committer.close()]).then(() => store.close());
});
