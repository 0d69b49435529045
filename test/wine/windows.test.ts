/**
 * What is handed out for Windows, in Wine: one prefix for all, because making one takes longer than most of the tests.
 * Skipped, with the reason, where Wine, the compiler of the test's own child, or the build (`npm run build:agent`) is missing.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { findProgram } from '../interop/programs.ts';
import { checkOnce, checkOneAtATime, checkService } from './agent.ts';
import { checkSharedSource } from './event-source.ts';
import { checkEnrolment, checkRollback } from './package-enrol.ts';
import { checkInstallation, checkTables } from './package.ts';
import {
  type Place,
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

describe('for Windows', { skip: lack ?? false, timeout: 600_000 }, () => {
  const made: { prefix?: WinePrefix; place?: (name: string) => Place } = {};
  const prefix = (): WinePrefix => made.prefix!;
  const place = (name: string): Place => made.place!(name);
  before(async () => {
    made.prefix = await createWinePrefix();
    made.place = placeServiceHost(made.prefix);
  });
  after(() => made.prefix?.end());

  describe('the service host', () => {
    it('refuses wrong arguments', () => checkArguments(place('Arguments')));
    it('keeps secrets by DPAPI', () => checkSecrets(place('Secrets')));
    it('has the text of every event', () => checkEvents(place('Events')));
    it('is a service from install to uninstall', (t) => checkLifeCycle(t, place('LifeCycle')));
    it('leaves the event source to others that need it', (t) => checkSharedSource(t, place));
    it('takes over a data directory', (t) => checkDataDirectory(t, place('DataDirectory')));
  });

  const lackOfAgent = inDist('homing-agent-win-x64.exe') ? false : 'needs homing-agent-win-x64.exe';
  // Side by side, because they wait most of the time; each service has a data directory of its own.
  describe('what runs', { concurrency: true }, () => {
    describe('the service host with children', { concurrency: true }, () => {
      it('starts a child again that ended', (t) => checkRestart(t, place('Restart')));
      it('ends a child that does not listen', (t) => checkStubborn(t, place('Stubborn')));
      it('takes its children along when it is killed', (t) => checkKilledHost(t, place('Killed')));
    });

    describe('the agent', { skip: lackOfAgent, concurrency: 1 }, () => {
      it('detects, updates and keeps its state', (t) => checkOnce(t, prefix()));
      it('runs once for a configuration', (t) => checkOneAtATime(t, prefix(), place('OneAtATime').child));
      it('installs itself as a service', (t) => checkService(t, prefix()));
    });
  });

  describe('the MSI', { skip: inDist('homing-agent.msi') ? false : 'needs homing-agent.msi' }, () => {
    it('installs, upgrades and is removed', (t) => checkInstallation(t, prefix()));
    it('enrols a machine by a code', (t) => checkEnrolment(t, prefix()));
    it('leaves nothing of an installation that fails', (t) => checkRollback(t, prefix()));
    it('says what only the real installer looks at', () => {
      checkTables();
    });
  });
});
