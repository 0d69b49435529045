/**
 * DNS over UDP by two workers on two cores beside one: with as many questions in flight for each worker, so what a
 * second worker costs shows in the processor time of an answer, not in the rate, which dnsperf on the same cores bounds.
 */
import { join } from 'node:path';
import { needing } from '../needing.ts';
import { type Benchmark, runAsProgram } from '../report.ts';
import { homing } from './servers.ts';
import { sideBySide } from './side-by-side.ts';
import { writeHostQuestions } from './zone.ts';

const WHAT = 'DNS over UDP, two cores';

/** The rows of two workers. */
export const benchWorkers: Benchmark = needing(
  { what: WHAT, programs: ['dnsperf', 'dig'] },
  async (directory, scale) => {
    const place = { directory, hosts: scale.hosts };
    const questions = join(directory, 'questions.txt');
    writeHostQuestions(questions, scale);
    const one = homing('one worker', place, { workers: 1, cores: '0,1' });
    const two = homing('two workers', place, { workers: 2, cores: '0,1' });
    const load = { questions, options: ['-e', '-c', '16', '-q', '100'], miss: scale.miss };
    const ratios = [{ of: two, over: one, mostCpu: 1.15 }];
    return await sideBySide([one, two], [{ what: WHAT, load, ratios }], scale);
  },
);

if (import.meta.main) await runAsProgram('dns-workers', benchWorkers);
