/**
 * `homing-agent.msi`, by Debian's wixl from `clients/windows/msi`, and what wixl cannot say set afterwards by SQL.
 *
 * Invariants: the same executables give the same package; a code or a token is kept out of the log of the Windows Installer
 * (msidbCustomActionTypeHideTarget, MsiHiddenProperties) and of every command line (homing-setup.dll).
 */
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BuildFailure, CACHE, DIST, ROOT, VERSION, hasProgram, runProgram, sourceDate } from './places.ts';
import { buildSetupLibrary } from './service-host.ts';

/** The Debian packages that it takes. */
export const MSI_PACKAGES = 'wixl msitools';

/** Whether this machine can build it. */
export function canBuildMsi(): boolean {
  return ['wixl', 'msibuild', 'msiinfo'].every(hasProgram);
}

// Bits of the types of custom actions.
const CALL_FUNCTION_OF_THIS_PACKAGE = 0x1;
const RUN_EXE_OF_THIS_PACKAGE = 0x12;
const SET_PROPERTY = 0x33;
const GO_ON_AFTER_FAILURE = 0x40;
const ON_ROLLBACK = 0x100;
const IN_SCRIPT = 0x400;
const AS_SYSTEM = 0x800;
const HIDE_TARGET = 0x2000;
const DEFERRED = IN_SCRIPT + AS_SYSTEM;

/** What gives an action its data, and what takes secrets out of the session once they have been given. */
const SETTERS = [
  ...['UndoServiceData', 'EnrollData', 'ConfigureData'],
  ...['ForgetCode', 'ForgetToken', 'ForgetEnroll', 'ForgetConfigure'],
];

// Attributes of a row that finds earlier versions: their features are taken over, this very version counts as earlier.
const FIND_EARLIER_OR_SAME = 0x1 + 0x200;

const VT_FILETIME = 0x40;
const SUMMARY_REACH = 1024;

/** What is said to the finished database. */
function statements(upgradeCode: string): readonly string[] {
  return [
    ...['Enroll', 'Configure'].map(
      (action) =>
        `UPDATE \`CustomAction\` SET \`Type\` = ${CALL_FUNCTION_OF_THIS_PACKAGE + DEFERRED + HIDE_TARGET} WHERE \`Action\` = '${action}'`,
    ),
    ...SETTERS.map(
      (action) => `UPDATE \`CustomAction\` SET \`Type\` = ${SET_PROPERTY} WHERE \`Action\` = '${action}'`,
    ),
    ...Object.entries({
      UndoService: CALL_FUNCTION_OF_THIS_PACKAGE,
      RestoreService: RUN_EXE_OF_THIS_PACKAGE,
    }).map(
      ([action, kind]) =>
        `UPDATE \`CustomAction\` SET \`Type\` = ${kind + DEFERRED + ON_ROLLBACK + GO_ON_AFTER_FAILURE} WHERE \`Action\` = '${action}'`,
    ),
    // A client that is not elevated hands these to the part that is.
    "UPDATE `Property` SET `Value` = 'SERVER;HOST;USER;TOKEN;CODE;PURGE;WIX_DOWNGRADE_DETECTED;WIX_UPGRADE_DETECTED' WHERE `Property` = 'SecureCustomProperties'",
    // The old version goes before anything of the new one comes.
    ...['RemoveExistingProducts', 'RestoreService', 'RemoveService', 'PurgeService'].map(
      (action, index) =>
        `UPDATE \`InstallExecuteSequence\` SET \`Sequence\` = ${1501 + index} WHERE \`Action\` = '${action}'`,
    ),
    "DELETE FROM `Upgrade` WHERE `ActionProperty` = 'WIX_UPGRADE_DETECTED'",
    'INSERT INTO `Upgrade` (`UpgradeCode`, `VersionMax`, `Attributes`, `ActionProperty`) ' +
      `VALUES ('${upgradeCode}', '${VERSION}', ${FIND_EARLIER_OR_SAME}, 'WIX_UPGRADE_DETECTED')`,
  ];
}

/** Builds it from what lies in `clients/dist`; throws `BuildFailure`. */
export function buildMsi(outfile: string): void {
  const work = join(CACHE, 'msi');
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const parts = {
    'homing-agent-win-x64.exe': 'homing-agent.exe',
    'homing-service.exe': '',
    'licenses.txt': '',
  };
  for (const [name, inside] of Object.entries(parts)) {
    copyFileSync(join(DIST, name), join(work, inside || name));
    // The cabinet inside keeps the date of each file.
    utimesSync(join(work, inside || name), Number(sourceDate()), Number(sourceDate()));
  }
  const setup = join(work, 'homing-setup.dll');
  buildSetupLibrary(setup);
  utimesSync(setup, Number(sourceDate()), Number(sourceDate()));
  const description = join(ROOT, 'clients', 'windows', 'msi', 'homing-agent.wxs');
  copyFileSync(description, join(work, 'homing-agent.wxs'));
  const seed = createHash('sha256')
    .update(readFileSync(description))
    .update(readFileSync(setup))
    .update(readFileSync(join(DIST, 'checksums.txt')));
  const digest = seed.digest('hex');
  runProgram(
    work,
    'wixl',
    ...['-a', 'x64', '-D', `PRODUCT=${uuidOf(`product ${digest}`)}`, '-D', `VERSION=${VERSION}`],
    ...['-o', outfile, 'homing-agent.wxs'],
  );
  const upgradeCode = /UpgradeCode="([^"]+)"/.exec(readFileSync(description, 'utf8'))![1]!;
  for (const statement of statements(`{${upgradeCode}}`))
    runProgram(work, 'msibuild', outfile, '-q', statement);
  makeReproducible(outfile, `{${uuidOf(`package ${digest}`)}}`);
}

/** Puts a package code of ours in the place of the random one, and one date in the place of the hour of the build. */
function makeReproducible(msi: string, packageCode: string): void {
  const summary = runProgram(CACHE, 'msiinfo', 'suminfo', msi);
  const random = /\{[0-9A-F-]{36}\}/i.exec(summary)?.[0];
  const data = readFileSync(msi);
  const at = random === undefined ? -1 : data.indexOf(random, 0, 'latin1');
  if (at < 0) throw new BuildFailure('the package has no package code');
  data.write(packageCode, at, 'latin1');
  // The summary, in which the code is, is one sector or two; its dates are FILETIMEs behind the mark of their type.
  const mark = Buffer.from([VT_FILETIME, 0, 0, 0]);
  const end = at + SUMMARY_REACH;
  let dates = 0;
  for (let i = data.indexOf(mark, at - SUMMARY_REACH); i >= 0 && i < end; i = data.indexOf(mark, i + 1)) {
    const date = data.readBigUInt64LE(i + 4);
    if (Math.abs(Number(date - filetimeOf(Date.now() / 1000))) > 864e9) continue;
    data.writeBigUInt64LE(filetimeOf(Number(sourceDate())), i + 4);
    dates++;
  }
  if (dates !== 2) throw new BuildFailure(`the package has ${dates} dates, not two`);
  writeFileSync(msi, data);
}

/** Seconds since 1970 as hundreds of nanoseconds since 1601. */
function filetimeOf(seconds: number): bigint {
  return (BigInt(Math.trunc(seconds)) + 11_644_473_600n) * 10_000_000n;
}

/** A UUID (version 8, RFC 9562) that follows from a text. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex').toUpperCase();
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}
