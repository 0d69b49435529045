/**
 * What the fast lane leaves to the general one, over UDP and over TCP: MX, TXT, several addresses, CNAME, a wildcard.
 * Beside Knot; one core for the server and one for dnsperf, in turn.
 */
import { join } from 'node:path';
import { needing } from '../needing.ts';
import { type Benchmark, runAsProgram } from '../report.ts';
import { homing, knot } from './servers.ts';
import { type Comparison, sideBySide } from './side-by-side.ts';
import { writeOtherQuestions } from './zone.ts';

const LEAST = 40_000;

/** The rows of the general lane over sockets. */
export const benchGeneral: Benchmark = needing(
  { what: 'general lane', programs: ['dnsperf', 'dig'] },
  async (directory, scale) => {
    const place = { directory, hosts: scale.hosts };
    const questions = join(directory, 'questions.txt');
    writeOtherQuestions(questions);
    const ours = homing('homing', place, { workers: 1 });
    const peer = knot(place);
    const comparison = (what: string, ...options: readonly string[]): Comparison => ({
      what,
      load: { questions, options: ['-e', ...options], miss: 0 },
      ratios: [{ of: ours, over: peer }],
    });
    const comparisons = [
      comparison('general lane over UDP', '-c', '8', '-q', '200'),
      comparison('general lane over TCP', '-m', 'tcp', '-c', '30', '-q', '300'),
    ];
    const rows = await sideBySide([ours, peer], comparisons, scale);
    const bar = `≥ ${LEAST.toLocaleString('en')} /s`;
    return rows.map((row) => (row.what.endsWith(`: ${ours.name}`) ? { ...row, bar } : row));
  },
);

if (import.meta.main) await runAsProgram('dns-general', benchGeneral);
