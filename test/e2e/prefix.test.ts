/** A home from the command line to DNS: hosts on a router's prefix, with the whole server between. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askUdp } from '../dns/client.ts';
import { decode, query } from '../dns/message.ts';
import { jsonOf, newDirectory, runHere, startServer } from './homing-process.ts';

interface Shown {
  readonly ipv6: string | null;
  readonly prefix: string | null;
  readonly derived: { readonly problem: string | null } | null;
}

test('a new prefix moves what is behind the router, at once and for good', async (t) => {
  const cwd = newDirectory(t);
  const server = await startServer(t, 'serve', { cwd });
  const run = async <T>(line: string): Promise<T> =>
    jsonOf<T>(await runHere([...line.split(' '), '--json'], { cwd }));
  await run('zone add dyn.example --accept any');
  await run('account add anna');
  await run('host add home.dyn.example --account anna');
  await run('host add nas.dyn.example --prefix-of home.dyn.example --mac 00:11:32:12:34:56 --subnet 3');
  const { secret } = await run<{ secret: string }>('token add --account anna --host home.dyn.example');
  const port = async (): Promise<number> =>
    Number((await run<{ dns: string[] }>('status')).dns[0]!.split(':').at(-1));
  const resolve = async (label: string, at: number): Promise<readonly string[]> =>
    decode(await askUdp(at, query(`${label}.dyn.example`, 'AAAA'))).answer.map((line) =>
      line.split(/\s+/).at(-1)!,
    );
  const update = async (parameters: string): Promise<string> => {
    const headers = { authorization: `Basic ${Buffer.from(`anna:${secret}`).toString('base64')}` };
    const url = `${server.http}/nic/update?hostname=home.dyn.example&${parameters}`;
    return await (await fetch(url, { headers })).text();
  };
  const dns = await port();
  assert.deepEqual(await resolve('nas', dns), []);
  for (const [i, subnet] of ['200', '300'].entries()) {
    const sent = `myipv6=2001:db8:9::1&ip6lanprefix=2001:db8:1:${subnet}::/56`;
    assert.equal(await update(sent), 'good 2001:db8:9::1\n', String(i));
    const moved = `2001:db8:1:${subnet.slice(0, 2)}3:211:32ff:fe12:3456`;
    assert.deepEqual(await resolve('nas', dns), [moved]);
    assert.deepEqual(await resolve('home', dns), ['2001:db8:9::1']);
  }
  assert.equal((await server.stop()).code, 0);
  const nas = await run<Shown>('host show nas.dyn.example');
  assert.deepEqual([nas.ipv6, nas.derived?.problem], ['2001:db8:1:303:211:32ff:fe12:3456', null]);
  assert.equal((await run<Shown>('host show home.dyn.example')).prefix, '2001:db8:1:300::/56');
});
