/** Changes of the configuration while the server runs: taken up, reported as pending, or refused as a whole. */
import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Config } from '../../../src/config/config.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { type ConfigWatch, watchConfig } from '../../../src/config/watch.ts';
import { createLog } from '../../../src/ops/log.ts';

interface Line {
  readonly level: string;
  readonly msg: string;
  readonly settings?: string[];
  readonly problems?: string[];
}

function watched(
  t: TestContext,
  text: string,
  textAtWatch = text,
): { path: string; watch: ConfigWatch; applied: Config[]; lines: Line[] } {
  const directory = mkdtempSync(join(tmpdir(), 'homing-watch-'));
  const path = join(directory, 'homing.yaml');
  writeFileSync(path, text);
  const load = () => loadConfig({ directory, env: {} });
  const loaded = load();
  assert.ok(loaded.ok);
  if (textAtWatch !== text) writeFileSync(path, textAtWatch);
  const lines: Line[] = [];
  const applied: Config[] = [];
  const { log } = createLog({
    level: 'info',
    pretty: false,
    sink: { write: (line) => lines.push(JSON.parse(line) as Line) },
  });
  const watch = watchConfig({
    loaded: loaded.value,
    load,
    log,
    intervalMs: 20,
    apply: (config) => applied.push(config),
  });
  t.after(() => {
    watch.stop();
    rmSync(directory, { recursive: true });
  });
  return { path, watch, applied, lines };
}

async function until(condition: () => boolean): Promise<void> {
  for (let left = 250; !condition(); left--) {
    assert.ok(left > 0, 'it did not happen within 5 s');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('a changed file is noticed and taken up, also when it was replaced by renaming', async (t) => {
  const { path, applied, lines } = watched(t, 'log: { level: info }');
  writeFileSync(`${path}.new`, 'log: { level: debug }\nhttp: { trustedProxies: [10.0.0.1] }');
  renameSync(`${path}.new`, path);
  await until(() => applied.length > 0);
  assert.equal(applied[0]!.log.level, 'debug');
  assert.equal(applied[0]!.http.trustedProxies.length, 1);
  assert.deepEqual(
    lines.map(({ settings }) => settings),
    [['http.trustedProxies', 'log.level']],
  );
});

test('regression: what changes between the reading and the first look is taken up', (t) => {
  const { applied } = watched(t, 'log: { level: info }', 'log: { level: debug }');
  assert.deepEqual(
    applied.map(({ log }) => log.level),
    ['debug'],
  );
});

test('an invalid file is refused as a whole in one line, and the old configuration stays', (t) => {
  const { path, watch, applied, lines } = watched(t, 'log: { level: info }');
  writeFileSync(path, 'log: { level: debug, prety: true }\ndata: []');
  watch.reload();
  assert.equal(applied.length, 0);
  assert.equal(lines.length, 1);
  assert.equal(lines[0]!.level, 'error');
  assert.match(lines[0]!.msg, /refused/);
  assert.equal(lines[0]!.problems?.length, 2);
  writeFileSync(path, 'log: { level: debug }');
  watch.reload();
  assert.deepEqual(
    applied.map((config) => config.log.level),
    ['debug'],
  );
});

test('a setting that needs a restart is reported once and keeps its value; the others are taken up', (t) => {
  const { path, watch, applied, lines } = watched(t, 'data: /one\nlog: { level: info }');
  writeFileSync(path, 'data: /two\nlog: { level: warn }');
  watch.reload();
  watch.reload();
  assert.deepEqual(
    applied.map(({ data, log }) => [data, log.level]),
    [['/one', 'warn']],
  );
  assert.deepEqual(
    lines.map(({ level, settings }) => [level, settings]),
    [
      ['info', ['log.level']],
      ['warn', ['data']],
    ],
  );
});

test('a file that changes nothing says nothing', (t) => {
  const { path, watch, applied, lines } = watched(t, 'data: /one');
  writeFileSync(path, '# a comment\ndata: /one');
  watch.reload();
  assert.deepEqual([applied.length, lines.length], [0, 0]);
});
