import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createProgressLine } from '../../../../src/cli/bulk/progress-line.ts';

function display(isTTY: boolean, silent = false) {
  const written: string[] = [];
  const clock = { time: 0 };
  const stderr = { isTTY, write: (text: string) => written.push(text) };
  const line = createProgressLine({ stderr }, { what: 'hosts', silent, now: () => clock.time });
  return { written, clock, line };
}

test('on a terminal one line is rewritten, with the rate, and is gone at the end', () => {
  const { written, clock, line } = display(true);
  line.onProgress({ stage: 'checking', done: 0, total: 4000 });
  clock.time = 100;
  line.onProgress({ stage: 'checking', done: 500, total: 4000 });
  clock.time = 2000;
  line.onProgress({ stage: 'checking', done: 3000, total: 4000 });
  clock.time = 2001;
  line.onProgress({ stage: 'storing', done: 0, total: 4000 });
  line.end();
  assert.deepEqual(written, [
    '\r\x1b[Kchecked 0 of 4,000 (0 %) hosts',
    '\r\x1b[Kchecked 3,000 of 4,000 (75 %) hosts, 1,500 a second',
    '\r\x1b[Kstoring 4,000 changes, 0 s',
    '\r\x1b[K',
  ]);
});

test('elsewhere there is a line each ten seconds, and none for scripts', () => {
  for (const silent of [false, true]) {
    const { written, clock, line } = display(false, silent);
    for (clock.time = 0; clock.time <= 25_000; clock.time += 100)
      line.onProgress({ stage: 'reading', done: clock.time });
    line.end();
    const lines = [
      'homing: read 10,000 hosts, 1,000 a second\n',
      'homing: read 20,000 hosts, 1,000 a second\n',
    ];
    assert.deepEqual(written, silent ? [] : lines);
  }
});
