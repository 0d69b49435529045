/**
 * The long fuzz test of DNS: `npm run fuzz -- [MESSAGES]`, 1,000,000 unless given, in process on both lanes, then
 * 100,000 at most over UDP to a running server of each kind. Prints the rate, the slowest answer and the growth of
 * memory; ends with status 1 at the first find, at answers that take over a millisecond again and again, and at growth.
 */
import { LIMIT_MS, fuzzInProcess } from '../test/fuzz/in-process.ts';
import { fuzzOverUdp } from '../test/fuzz/over-udp.ts';

const MOST_OVER_UDP = 100_000;
const MOST_GROWTH_MIB = 32;

const messages = Number(process.argv[2] ?? 1_000_000);
if (!Number.isInteger(messages) || messages < 1) {
  console.error('usage: npm run fuzz -- [MESSAGES]');
  process.exit(2);
}
// Another run is another campaign; the seed that is printed repeats this one.
const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);
console.log(`seed ${seed}`);

const report = await fuzzInProcess(messages, {
  seed,
  onProgress: (line) => {
    console.log(line);
  },
});
console.log(
  `${report.packets} messages, ${report.answered} answered, ${report.answeredFast} of them by the fast lane; ` +
    `${report.perSecond.toFixed(0)} /s; slowest answer ${report.slowest.toFixed(3)} ms, of what is slow again and again ` +
    `${report.slowestRepeated.toFixed(3)} ms; memory grew by ${report.growthMiB.toFixed(1)} MiB after the first tenth`,
);
for (const workers of [0, 1]) {
  const { sent, answers, lane, perSecond } = await fuzzOverUdp(
    Math.min(messages, MOST_OVER_UDP),
    workers,
    seed,
  );
  console.log(`${sent} messages over UDP to ${lane}: ${answers} answers, ${perSecond.toFixed(0)} /s`);
}
const finds = [
  report.slowestRepeated > LIMIT_MS ? `an answer takes ${report.slowestRepeated} ms` : '',
  report.growthMiB > MOST_GROWTH_MIB ? `memory grew by ${report.growthMiB} MiB` : '',
].filter((find) => find !== '');
for (const find of finds) console.error(find);
if (finds.length > 0) process.exitCode = 1;
