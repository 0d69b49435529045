/** Hostile messages in number: `FUZZ_PACKETS` in this process, and a part of them over UDP to each kind of server. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { LIMIT_MS, fuzzInProcess } from './in-process.ts';
import { fuzzOverUdp } from './over-udp.ts';

const PACKETS = Number(process.env['FUZZ_PACKETS'] ?? 30_000);

void test(`${PACKETS} damaged messages: both lanes answer each well, alike and at once`, async (t) => {
  const report = await fuzzInProcess(PACKETS);
  t.diagnostic(JSON.stringify(report));
  assert.ok(report.answered > PACKETS / 3, `${report.answered} answers`);
  assert.ok(report.answeredFast > PACKETS / 100, `${report.answeredFast} by the fast lane`);
  assert.ok(report.slowestRepeated <= LIMIT_MS, `${report.slowestRepeated} ms, again and again`);
});

for (const workers of [0, 1]) {
  void test(`damaged messages over UDP, workers: ${workers}: the server goes on answering`, async (t) => {
    const report = await fuzzOverUdp(Math.ceil(PACKETS / 8), workers);
    t.diagnostic(JSON.stringify(report));
    assert.ok(report.answers > report.sent / 4, `${report.answers} answers`);
  });
}
