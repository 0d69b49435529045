/**
 * What the fast lane leaves to the general one, over UDP and over TCP: MX, TXT, several addresses, CNAME, a wildcard.
 * Beside Knot; one core for the server and one for dnsperf, in turn.
 */
import { join } from 'node:path';
import { needing } from '../needing.ts';
import { type Benchmark, type Row, runAsProgram } from '../report.ts';
import { homing, knot } from './servers.ts';
import { sideBySide } from './side-by-side.ts';
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
    const compare = async (what: string, options: readonly string[]): Promise<readonly Row[]> => {
      const load = { questions, options, miss: 0 };
      const rows = await sideBySide(
        what,
        { servers: [ours, peer], ratios: [{ of: ours, over: peer }], load },
        scale,
      );
      return rows.map((row, i) => (i === 0 ? { ...row, bar: `≥ ${LEAST.toLocaleString('en')} /s` } : row));
    };
    return [
      ...(await compare('general lane over UDP', ['-e', '-c', '8', '-q', '200'])),
      ...(await compare('general lane over TCP', ['-e', '-m', 'tcp', '-c', '30', '-q', '300'])),
    ];
  },
);

if (import.meta.main) await runAsProgram('dns-general', benchGeneral);
