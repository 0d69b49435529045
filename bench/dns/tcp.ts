/** DNS over TCP: A of many hosts over 100 connections with several queries in flight on each, beside Knot. */
import { join } from 'node:path';
import { needing } from '../needing.ts';
import { type Benchmark, runAsProgram } from '../report.ts';
import { homing, knot } from './servers.ts';
import { sideBySide } from './side-by-side.ts';
import { writeHostQuestions } from './zone.ts';

const WHAT = 'DNS over TCP, 100 connections';

/** The rows of DNS over TCP. */
export const benchTcp: Benchmark = needing(
  { what: WHAT, programs: ['dnsperf', 'dig'] },
  async (directory, scale) => {
    const place = { directory, hosts: scale.hosts };
    const questions = join(directory, 'questions.txt');
    writeHostQuestions(questions, scale);
    const ours = homing('homing', place, {
      workers: 1,
      settings: ['HOMING_DNS_TCP_CONNECTIONS_PER_SOURCE=100'],
    });
    const peer = knot(place);
    const load = { questions, options: ['-e', '-m', 'tcp', '-c', '100', '-q', '1000'], miss: scale.miss };
    const ratios = [{ of: ours, over: peer, leastRate: 0.7 }];
    return await sideBySide([ours, peer], [{ what: WHAT, load, ratios }], scale);
  },
);

if (import.meta.main) await runAsProgram('dns-tcp', benchTcp);
