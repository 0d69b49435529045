/** GnuDIP with a token as the command line makes it, before and after a restart. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { type ServerProcess, jsonOf, newDirectory, runHere, startServer } from './homing-process.ts';

const PATH = '/gnudip/cgi-bin/gdipupdt.cgi';

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}

/** The return code of an update with a token, as a client of GnuDIP gets it. */
async function update(
  { http }: ServerProcess,
  { id, secret }: { id: string; secret: string },
  address: string,
): Promise<string | undefined> {
  const page = await (await fetch(http + PATH)).text();
  const [salt, time, sign] = ['salt', 'time', 'sign'].map(
    (name) => new RegExp(`<meta name="${name}" content="([^"]*)">`).exec(page)![1]!,
  );
  const pass = md5(`${md5(secret)}.${salt}`);
  const query = new URLSearchParams({ salt: salt!, time: time!, sign: sign!, user: id, pass, domn: '' });
  const reply = await (await fetch(`${http}${PATH}?${query.toString()}&reqc=0&addr=${address}`)).text();
  return /<meta name="retc" content="(\d)">/.exec(reply)?.[1];
}

test('a token made with --gnudip, and only such a one, updates in GnuDIP; also after a restart', async (t) => {
  const cwd = newDirectory(t);
  const run = async <T>(line: string): Promise<T> =>
    jsonOf<T>(await runHere([...line.split(' '), '--json'], { cwd }));
  await run('zone add dyn.example --accept any');
  await run('account add anna');
  await run('host add home.dyn.example --account anna');
  const add = 'token add --account anna --host home.dyn.example';
  const plain = await run<{ id: string; secret: string }>(add);
  const made = await run<{ id: string; secret: string }>(`${add} --gnudip`);
  const listed = await run<{ id: string; gnudip: boolean }[]>('token list');
  assert.deepEqual(
    new Map(listed.map(({ id, gnudip }) => [id, gnudip])),
    new Map([
      [plain.id, false],
      [made.id, true],
    ]),
  );
  for (const address of ['192.0.2.7', '192.0.2.8']) {
    const server = await startServer(t, 'serve', { cwd });
    assert.equal(await update(server, made, address), '0');
    assert.equal(await update(server, plain, '192.0.2.9'), '1');
    assert.equal((await run<{ ipv4: string }>('host show home.dyn.example')).ipv4, address);
    assert.equal((await server.stop()).code, 0);
  }
});
