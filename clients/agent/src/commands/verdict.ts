/** How well things are, as one number. Pure. */
import { FAMILIES } from '../config/agent-config.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import type { HostRecord } from '../schedule/host-record.ts';

/** How one host stands. */
export type HostVerdict = 'well' | 'failed' | 'stopped' | 'undetected' | 'unknown';

/** The verdict on one host. */
export function judgeHost(record: HostRecord): HostVerdict {
  if (record.stop !== undefined) return 'stopped';
  if (record.failures > 0) return 'failed';
  const looks = FAMILIES.flatMap((family) => record.looks[family] ?? []);
  if (looks.length > 0 && looks.every(({ address }) => address === undefined)) return 'undetected';
  return FAMILIES.some((family) => record.acknowledged[family] !== undefined) ? 'well' : 'unknown';
}

/** The verdict on all of them: the worst. */
export function judgeHosts(records: readonly HostRecord[]): ExitCode {
  const verdicts = records.map(judgeHost);
  if (verdicts.includes('stopped')) return EXIT.stopped;
  if (verdicts.includes('failed') || verdicts.includes('undetected')) return EXIT.failed;
  return verdicts.length === 0 || verdicts.includes('unknown') ? EXIT.unknown : EXIT.done;
}
