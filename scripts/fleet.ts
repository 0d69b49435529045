/**
 * A fleet of agents against one server on this machine: `npm run fleet -- [--agents 3000] [--seconds 60]`. They enrol with
 * one code, publish their addresses, and change them all within that many seconds. Prints how long it took from an
 * agent's knowing of its address to the name server's answer with it; status 1 where the last one took longer than 8 s.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runFleet } from '../test/agent/fleet/fleet.ts';
import { startHoming } from '../test/interop/homing-process.ts';

const { values } = parseArgs({
  options: { agents: { type: 'string', default: '3000' }, seconds: { type: 'string', default: '60' } },
});
const agents = Number(values.agents);
const seconds = Number(values.seconds);
if (!(agents >= 1 && agents <= 20_000 && seconds >= 1 && seconds <= 3600)) {
  console.error('usage: npm run fleet -- [--agents 1 to 20000] [--seconds 1 to 3600]');
  process.exit(2);
}

/** What a published deployment of 3,000 shops reports for the last right name. */
const LONGEST_MS = 8000;

const dataDirectory = await mkdtemp(join(tmpdir(), 'homing-fleet-'));
const server = await startHoming(dataDirectory);
try {
  const report = await runFleet({
    ...{ dataDirectory, httpPort: server.httpPort, dnsPort: server.dnsPort, agents },
    ...{ startSpreadMs: 10_000, changeWithinMs: seconds * 1000 },
    say: (line) => {
      console.log(line);
    },
  });
  console.log(
    `all ${agents} addresses changed within ${seconds} s; from an agent's knowing to the name server's answer: ` +
      `median ${Math.round(report.p50)} ms, 99th percentile ${Math.round(report.p99)} ms, last ${Math.round(report.longest)} ms; ` +
      `${report.warnings.length} warnings`,
  );
  for (const warning of report.warnings.slice(0, 5)) console.log(warning);
  if (report.longest > LONGEST_MS) process.exitCode = 1;
} finally {
  await server.end('SIGTERM');
  await rm(dataDirectory, { recursive: true, force: true });
}
