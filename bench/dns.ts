/**
 * DNS answers over UDP: A of many hosts, asked for with EDNS, by Homing with one worker and on node:dgram, beside
 * Knot, NSD and a minimal responder on node:dgram; one core for the server and one for dnsperf, in turn.
 */
import { join } from 'node:path';
import { homing, knot, minimalResponder, nsd } from './dns/servers.ts';
import { sideBySide } from './dns/side-by-side.ts';
import { writeHostQuestions } from './dns/zone.ts';
import { needing } from './needing.ts';
import { type Benchmark, runAsProgram } from './report.ts';

const WHAT = 'DNS over UDP';

/** The rows of DNS over UDP. */
export const benchDns: Benchmark = needing(
  { what: WHAT, programs: ['dnsperf', 'dig'] },
  async (directory, scale) => {
    const place = { directory, hosts: scale.hosts };
    const questions = join(directory, 'questions.txt');
    writeHostQuestions(questions, scale);
    const ours = homing('homing', place, { workers: 1 });
    const dgram = homing('homing on node:dgram', place, { workers: 0 });
    const [minimal, peers] = [minimalResponder(place), [knot(place), nsd(place)]];
    const load = { questions, options: ['-e', '-c', '8', '-q', '200'], miss: scale.miss };
    const ratios = [
      { of: dgram, over: minimal, leastRate: 0.8 },
      ...[minimal, ...peers].map((over) => ({ of: ours, over })),
    ];
    return await sideBySide([ours, dgram, minimal, ...peers], [{ what: WHAT, load, ratios }], scale);
  },
);

if (import.meta.main) await runAsProgram('dns', benchDns);
