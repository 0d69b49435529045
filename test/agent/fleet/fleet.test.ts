/** A small fleet in each run of the tests; `npm run fleet` is the large one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startHoming, temporaryDirectory } from '../../interop/homing-process.ts';
import { runFleet } from './fleet.ts';

test('a fleet enrols, publishes its addresses, changes them all, and every name is right in DNS', async (t) => {
  const dataDirectory = await temporaryDirectory(t);
  const server = await startHoming(dataDirectory);
  t.after(() => server.end('SIGKILL'));
  const report = await runFleet({
    ...{ dataDirectory, httpPort: server.httpPort, dnsPort: server.dnsPort, agents: 60 },
    ...{
      startSpreadMs: 500,
      changeWithinMs: 500,
      say: (line) => {
        t.diagnostic(line);
      },
    },
  });
  assert.deepEqual(report.warnings, []);
  t.diagnostic(`${Math.round(report.longest)} ms from an address to its answer at most`);
});
