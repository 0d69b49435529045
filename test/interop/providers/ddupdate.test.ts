/**
 * ddupdate of Debian, unchanged, with its plug-ins for No-IP (Basic credentials only after a challenge) and for
 * providers over HTTPS. It tells success by its exit status.
 */
import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Finished, temporaryDirectory } from '../homing-process.ts';
import { ACCOUNT, HOSTS, PASSWORD, assertPublished, needProgram } from '../programs.ts';
import { startProvider } from './provider-hosts.ts';

const [HOME] = HOSTS;

test('ddupdate', async (t) => {
  const program = needProgram(t, 'ddupdate');
  if (program === undefined) return;
  const provider = await startProvider(t, ['dynupdate.no-ip.com']);
  if (provider === undefined) return;
  const { server } = provider;
  const home = await temporaryDirectory(t);
  const ddupdate = async (address: string, password: string, host: string = HOME): Promise<Finished> => {
    const login = `machine dynupdate.no-ip.com login ${ACCOUNT} password ${password}\n`;
    await writeFile(join(home, '.netrc'), login, { mode: 0o600 });
    await rm(join(home, '.cache'), { recursive: true, force: true });
    await mkdir(join(home, '.cache'));
    const command = ['-c', '/dev/null', '-H', host, '-s', 'no-ip.com', '-a', 'hardcoded-ip', '-l', 'debug'];
    return provider.run(program, [...command, '-O', `ip=${address}`, '-f'], { HOME: home });
  };

  await t.test('updates after the challenge, and takes an unchanged address for a success', async () => {
    for (const round of ['first', 'again']) {
      const { status, output } = await ddupdate('198.51.100.7', PASSWORD);
      assert.equal(status, 0, `${round}: ${output}`);
      await assertPublished(server, HOME, { ipv4: '198.51.100.7' });
    }
  });

  await t.test('fails with a wrong password, and changes nothing', async () => {
    const { status, output } = await ddupdate('203.0.113.1', 'wrong');
    assert.notEqual(status, 0, output);
    assert.match(output, /401/);
    await assertPublished(server, HOME, { ipv4: '198.51.100.7' });
  });
});
