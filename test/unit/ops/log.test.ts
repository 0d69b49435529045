/** The log's lines: their shape, their level, and what never stands in them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog } from '../../../src/ops/log.ts';

function logged(pretty = false): { lines: string[]; control: ReturnType<typeof createLog> } {
  const lines: string[] = [];
  const control = createLog({ level: 'info', pretty, sink: { write: (line) => lines.push(line) } });
  return { lines, control };
}

test('a line is one JSON object with time, level, message and fields', () => {
  const { lines, control } = logged();
  control.log.info({ hostname: 'home.dyn.test', outcome: 'changed' }, 'update');
  const line = JSON.parse(lines[0]!) as Record<string, unknown>;
  assert.deepEqual(Object.keys(line).sort(), ['hostname', 'level', 'msg', 'outcome', 'time']);
  assert.deepEqual([line['level'], line['msg']], ['info', 'update']);
  assert.match(line['time'] as string, /^\d{4}-\d\d-\d\dT.*Z$/);
});

test('secrets are kept out of arrays and errors, and what was logged is not changed', () => {
  const lines: string[] = [];
  const { log } = createLog({ level: 'info', pretty: false, sink: { write: (line) => lines.push(line) } });
  const err = Object.assign(new Error('refused'), { token: 's3cret', tries: [{ password: 's3cret' }] });
  log.error({ err, list: [{ cookie: 's3cret', host: 'home' }] }, 'failed');
  assert.ok(!lines.join('').includes('s3cret'), lines.join(''));
  const line = JSON.parse(lines[0]!) as { err: { message: string; stack: string }; list: { host: string }[] };
  assert.equal(line.err.message, 'refused');
  assert.match(line.err.stack, /log\.test/);
  assert.equal(line.list[0]!.host, 'home');
  assert.equal(err.token, 's3cret');
});

test('fields that hold secrets are redacted at every depth that is logged', () => {
  const { lines, control } = logged();
  control.log.warn(
    { password: 's3cret', a: { secret: 's3cret', b: { authorization: 's3cret' } }, token: 's3cret' },
    'm',
  );
  assert.ok(!lines[0]!.includes('s3cret'), lines[0]);
  assert.equal(lines[0]!.match(/\[redacted\]/g)?.length, 4);
});

test('the level is set while running', () => {
  const { lines, control } = logged();
  control.log.debug('hidden');
  control.setLevel('debug');
  control.log.debug('shown');
  control.setLevel('silent');
  control.log.fatal('hidden');
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as { msg: string }).msg),
    ['shown'],
  );
});

test('pretty lines are for people and hold the fields', () => {
  const { lines, control } = logged(true);
  control.log.info({ http: ['127.0.0.1:8080'], secret: 's3cret' }, 'serving');
  assert.match(lines[0]!, /INFO.*serving.*127\.0\.0\.1:8080/s);
  assert.ok(!lines[0]!.includes('s3cret'));
});

test('a configuration is one list for people, and one field for scripts', () => {
  const configuration = { data: './data', 'http.listen': ['127.0.0.1:8080'] };
  const [people, scripts] = [logged(true), logged()];
  for (const { control } of [people, scripts]) control.log.info({ configuration }, 'configuration');
  assert.match(
    people.lines[0]!,
    /: configuration\n {4}data {9}"\.\/data"\n {4}http\.listen {2}\["127\.0\.0\.1:8080"\]\n$/,
  );
  assert.deepEqual(
    (JSON.parse(scripts.lines[0]!) as object & { configuration: object }).configuration,
    configuration,
  );
});
