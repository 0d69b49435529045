/** The line of an update beside the one that the log would make of the same fields. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type UpdateEntry, createHttpLog } from '../../../src/http/log.ts';
import { formatIpAddress, parseIpAddress } from '../../../src/net/ip-address.ts';
import { createLog } from '../../../src/ops/log.ts';

const ENTRY: UpdateEntry = {
  requestId: 'a1-z',
  hostnames: ['home.dyn.test', 'lab.dyn.test'],
  outcomes: ['changed', 'no-such-host'],
  account: 'ann',
  source: parseIpAddress('2001:db8::1')!,
  agent: 'inadyn/2.12',
  durationMs: 3,
};

function open(level: 'info' | 'error' = 'info'): { lines: string[]; logs: ReturnType<typeof createLog> } {
  const lines: string[] = [];
  return {
    lines,
    logs: createLog({ level, pretty: false, sink: { write: (line) => lines.push(line) } }),
  };
}

test('is what pino writes of these fields, whatever a client put into them', () => {
  const { lines, logs } = open();
  const log = logs.log.child({ room: 'http' });
  const http = createHttpLog(log);
  const text = fc.string({ unit: 'binary', maxLength: 20 });
  const entry = fc.record({
    hostnames: fc.array(text, { maxLength: 3 }),
    account: fc.option(text, { nil: undefined }),
    agent: fc.option(text, { nil: undefined }),
    level: fc.constantFrom('info' as const, 'warn' as const),
  });
  fc.assert(
    fc.property(entry, ({ level, ...change }) => {
      lines.length = 0;
      const { source, ...fields } = { ...ENTRY, ...change };
      http.update(level, { ...fields, source });
      log[level]({ ...fields, source: formatIpAddress(source) }, 'update');
      const [written, expected] = lines.map((line) => JSON.parse(line) as { time?: string });
      assert.match(written!.time!, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
      assert.deepEqual({ ...written, time: '' }, { ...expected, time: '' });
      assert.ok(lines[0]!.endsWith('}\n') && lines[0]!.indexOf('\n') === lines[0]!.length - 1);
    }),
  );
});

test('is written only where its level is, also when that changes', () => {
  const { lines, logs } = open('error');
  const http = createHttpLog(logs.log.child({ room: 'http' }));
  http.update('warn', ENTRY);
  assert.deepEqual(lines, []);
});

test('is readable with pretty lines, too', () => {
  const lines: string[] = [];
  const { log } = createLog({ level: 'info', pretty: true, sink: { write: (line) => lines.push(line) } });
  createHttpLog(log).update('warn', ENTRY);
  assert.match(lines.join(''), /WARN.*update.*home\.dyn\.test.*2001:db8::1/s);
});

test('a flood of refusals writes twenty lines a second, and counts the others', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { lines, logs } = open();
  const http = createHttpLog(logs.log);
  for (let i = 0; i < 20; i++) http.refusal('info', ENTRY);
  t.mock.timers.tick(1000);
  assert.equal(lines.length, 20, 'nothing is left to count');
  for (let i = 0; i < 1234; i++) http.refusal('info', ENTRY);
  assert.equal(lines.length, 40);
  http.update('info', ENTRY);
  assert.equal(lines.length, 41, 'what is no refusal has its line');
  t.mock.timers.tick(1000);
  const { level, attempts } = JSON.parse(lines.at(-1)!) as Record<string, unknown>;
  assert.deepEqual({ level, attempts }, { level: 'warn', attempts: 1214 });
  t.mock.timers.tick(5000);
  assert.equal(lines.length, 42);
  http.refusal('info', ENTRY);
  assert.equal(lines.length, 43, 'and then each again');
});
