/**
 * The source of the Event Log, which all services of Homing's share: it stays, with a program that has its texts, until
 * the last of them goes.
 */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Place, install } from './service-host.ts';
import { ROOT } from './wine-prefix.ts';

const SOURCE = 'HKLM\\System\\CurrentControlSet\\Services\\EventLog\\Application\\Homing Agent';

/** Two services of two programs, and two of one: each goes, and what the others need stays. */
export async function checkSharedSource(t: TestContext, makePlace: (name: string) => Place): Promise<void> {
  // Folders that `reg` can print.
  const placeIn = (folder: string, name: string): Place => {
    const place = makePlace(name);
    const here = join(place.prefix.drive, folder);
    mkdirSync(here, { recursive: true });
    copyFileSync(join(ROOT, 'clients', 'dist', 'homing-service.exe'), join(here, 'homing-service.exe'));
    return { ...place, host: `C:\\${folder}\\homing-service.exe` };
  };
  const first = placeIn('First Folder', 'SourceFirst');
  const second = placeIn('Second Folder', 'SourceSecond');
  const third = placeIn('Second Folder', 'SourceThird');
  const { prefix } = second;
  const textsIn = async (): Promise<string | undefined> =>
    /EventMessageFile +REG_EXPAND_SZ +(.*?)\r?\n/.exec(
      (await prefix.run('reg', 'query', SOURCE)).stdout,
    )?.[1];
  const uninstall = async (place: Place): Promise<void> => {
    const { status, stderr } = await prefix.run(place.host, 'uninstall', '--name', place.name, '--purge');
    assert.equal(status, 0, stderr);
  };

  await install(t, second, 'obey', second.data);
  await install(t, third, 'obey', third.data);
  await install(t, first, 'obey', first.data);
  assert.equal(await textsIn(), first.host, 'the last one that was installed has the texts');
  await uninstall(first);
  assert.equal(await textsIn(), second.host, 'its folder may go: another one has them now');
  await uninstall(second);
  assert.equal(await textsIn(), second.host, 'the third one needs it');
  await uninstall(third);
  assert.equal((await prefix.run('reg', 'query', SOURCE)).status, 1, 'the last one takes it away');
}
