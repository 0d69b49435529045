/**
 * The service host in Wine: secrets, events, and services with children that obey, crash and do not listen.
 * Invariant: every service that is made here is taken away here.
 */
import assert from 'node:assert/strict';
import {
  chownSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { runProgram } from '../../scripts/build-agent/places.ts';
import { type WinePrefix, ROOT, eventually, windowsPath } from './wine-prefix.ts';

/** Blanks and letters that no code page of Wine's has in common with UTF-8. */
const FOLDER = 'Prögramm Dateien\\Höming Dienst';

/** The service host, and what is one test's alone: a service, its child's program, its data directory. */
export interface Place {
  readonly prefix: WinePrefix;
  readonly host: string;
  readonly name: string;
  readonly child: string;
  /** The data directory, as Windows and as this machine write it. */
  readonly data: string;
  readonly dataHere: string;
}

/** Copies the programs into the prefix; makes places, which can be used side by side, by the names of their services. */
export function placeServiceHost(prefix: WinePrefix): (name: string) => Place {
  const folder = join(prefix.drive, ...FOLDER.split('\\'));
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(ROOT, 'clients', 'dist', 'homing-service.exe'), join(folder, 'homing-service.exe'));
  const source = join(import.meta.dirname, 'child.c');
  const args = ['-Os', '-s', '-municode', '-static', '-o', join(folder, 'child.exe'), source];
  runProgram(folder, 'x86_64-w64-mingw32-gcc', ...args);
  return (name) => {
    copyFileSync(join(folder, 'child.exe'), join(folder, `${name}.exe`));
    return {
      prefix,
      host: `C:\\${FOLDER}\\homing-service.exe`,
      name,
      child: `C:\\${FOLDER}\\${name}.exe`,
      data: `C:\\ProgramData\\Dätä of ${name}`,
      dataHere: join(prefix.drive, 'ProgramData', `Dätä of ${name}`),
    };
  };
}

/** Arguments that are wrong are answered by 64 and the usage, and name nothing that would be done. */
export async function checkArguments({ prefix, host, name }: Place): Promise<void> {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  assert.deepEqual(await prefix.run(host, 'version'), {
    status: 0,
    stdout: `homing-service ${version}\r\n`,
    stderr: '',
  });
  for (const wrong of [
    [],
    ['bogus'],
    ['install', '--name'],
    ['start', '--name', 'a b'],
    ['start', '--name', '..\\x'],
  ]) {
    const { status, stderr } = await prefix.run(host, ...wrong);
    assert.equal(status, 64, wrong.join(' '));
    assert.match(stderr, /uninstall \[--name NAME\]/);
  }
  for (const command of ['start', 'stop', 'query', 'uninstall'])
    assert.equal((await prefix.run(host, command, '--name', 'NotThere')).status, 3, command);
  const missing = await prefix.run(host, 'install', '--name', name, '--agent', 'C:\\not there.exe');
  assert.equal(missing.status, 1);
  assert.match(missing.stderr, /cannot find C:\\not there\.exe/);
}

/** A secret comes back to the byte, from the text that the PowerShell module writes and reads as well; nothing else does. */
export async function checkSecrets({ prefix, host }: Place): Promise<void> {
  const file = (name: string): string => join(prefix.drive, name);
  const inside = (name: string): string => windowsPath(file(name));
  for (const secret of ['s', 'Grüße, 東京 \r\n\0 "%1"', 'x'.repeat(5000)]) {
    writeFileSync(file('secret'), secret);
    assert.equal((await prefix.run(host, 'protect', inside('secret'), inside('kept'))).status, 0);
    const kept = readFileSync(file('kept'), 'latin1');
    assert.match(kept, /^[A-Za-z0-9+/]+=*$/);
    assert.ok(
      !Buffer.from(kept, 'base64').includes(secret.length > 1 ? secret : 'plain text'),
      'not in the clear',
    );
    assert.equal((await prefix.run(host, 'unprotect', inside('kept'), inside('plain'))).status, 0);
    assert.equal(readFileSync(file('plain'), 'utf8'), secret);
  }
  const kept = readFileSync(file('kept'), 'latin1');
  writeFileSync(file('edited'), `${kept}\r\n`);
  assert.equal((await prefix.run(host, 'unprotect', inside('edited'), '-')).stdout, 'x'.repeat(5000));
  for (const wrong of [
    '',
    Buffer.from(kept, 'base64'),
    'plain text',
    Buffer.from('not DPAPI').toString('base64'),
  ]) {
    writeFileSync(file('wrong'), wrong);
    assert.equal((await prefix.run(host, 'unprotect', inside('wrong'), inside('plain'))).status, 1);
  }
  assert.equal((await prefix.run(host, 'protect', inside('not-there'), inside('kept'))).status, 1);
}

/** Every event of the specification has its text in the program, and can be reported. */
export async function checkEvents({ prefix, host, child }: Place): Promise<void> {
  const specified = readFileSync(join(ROOT, 'docs', 'protocol', 'agent.md'), 'utf8');
  const ids = [...specified.matchAll(/^ *\| (1\d{3}) \|/gm)].map(([, id]) => id!);
  assert.ok(ids.length >= 9, 'the specification has its table of events');
  const all = [...ids, '1500', '1501'];
  const shown = await prefix.run(child, 'message', host, ...all);
  assert.equal(shown.status, 0);
  assert.deepEqual(
    shown.stdout.trim().split(/(?:\r?\n)+/),
    all.map(() => 'the text of the event'),
  );
  writeFileSync(join(prefix.drive, 'event.txt'), 'pc.dyn.test now has 192.0.2.1 – „ok“ 100%1');
  assert.equal((await prefix.run(host, 'event', '1100', 'information', 'C:\\event.txt')).status, 0);
  assert.equal((await prefix.run(host, 'event', '1100', 'loud', 'C:\\event.txt')).status, 64);
  assert.equal((await prefix.run(host, 'event', '70000', 'error', 'C:\\event.txt')).status, 64);
  assert.equal((await prefix.run(host, 'event', '1100', 'error', 'C:\\not-there.txt')).status, 1);
}

/** Installs a service with a child, in the data directory of the place; what the host said against it. */
async function tryInstall(t: TestContext, place: Place, ...command: readonly string[]): Promise<string> {
  const { prefix, host, name, child, data } = place;
  const line = command.map((word) => `"${word}"`).join(' ');
  t.after(() => prefix.run(host, 'uninstall', '--name', name, '--purge'));
  const args = ['install', '--name', name, '--data', `${data}\\`, '--agent', child, '--command', line];
  const { status, stderr } = await prefix.run(host, ...args);
  assert.equal(status, stderr === '' ? 0 : 1, stderr);
  return stderr;
}

/** Installs it, with nothing said against it. */
export async function install(t: TestContext, place: Place, ...command: readonly string[]): Promise<void> {
  assert.equal(await tryInstall(t, place, ...command), '');
}

const outputOf = ({ dataHere }: Place): string => {
  const file = join(dataHere, 'service-output.log');
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
};

async function stateOf({ prefix, name }: Place): Promise<string> {
  const { stdout } = await prefix.run('sc', 'query', name);
  return /STATE\s*:\s*\d+\s+(\w+)/.exec(stdout)?.[1] ?? stdout.trim();
}

/** How many processes run the child, as this machine sees them: Wine's tasklist says nothing. */
function children({ child, prefix }: Place): number {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .filter((pid) => {
      try {
        const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
        return (
          readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith(child) &&
          environment.includes(dirname(prefix.drive))
        );
      } catch {
        return false; // it ended in between
      }
    }).length;
}

/** A service from installation to removal: arguments, account, event source, the service manager's own programs. */
export async function checkLifeCycle(t: TestContext, place: Place): Promise<void> {
  const { prefix, host, name, data, dataHere } = place;
  await install(t, place, 'obey', data, 'a b', 'c\\d', '100%');
  assert.equal(await stateOf(place), 'RUNNING');
  assert.ok(await eventually(() => outputOf(place).includes('100%')));
  assert.deepEqual(outputOf(place).split('\n').slice(0, 5), ['obey', data, 'a b', 'c\\d', '100%']);

  const { status, stdout } = await prefix.run(host, 'query', '--name', name);
  assert.equal(status, 0);
  assert.match(stdout, /^account: (NT SERVICE\\HomingTest|NT AUTHORITY\\LocalService)\r$/m);
  assert.match(stdout, /^command: "C:\\Prögramm Dateien\\Höming Dienst\\homing-service\.exe" run /m);
  assert.ok(stdout.includes(`data: ${data}\r\n`), stdout);
  const source = 'HKLM\\System\\CurrentControlSet\\Services\\EventLog\\Application\\Homing Agent';
  assert.match((await prefix.run('reg', 'query', source)).stdout, /EventMessageFile +REG_EXPAND_SZ/);

  const begin = Date.now();
  assert.equal((await prefix.run('sc', 'stop', name)).status, 0);
  assert.ok(await eventually(async () => (await stateOf(place)) === 'STOPPED'));
  assert.ok(Date.now() - begin < 8000, 'a child that obeys is not waited for in vain');
  assert.match(outputOf(place), /told to stop/);
  assert.ok(!existsSync(join(dataHere, 'stop')), 'the file is gone again');

  assert.equal((await prefix.run('net', 'start', name)).status, 0);
  assert.equal(await stateOf(place), 'RUNNING');
  // Installed again over itself, as an upgrade does; it runs afterwards.
  await install(t, place, 'obey', data, 'newer');
  assert.ok(await eventually(() => outputOf(place).includes('newer')));
  assert.equal((await prefix.run(host, 'stop', '--name', name)).status, 0);
  assert.equal((await prefix.run(host, 'uninstall', '--name', name, '--purge')).status, 0);
  assert.ok(!existsSync(dataHere), 'nothing is left of the data');
  assert.equal((await prefix.run('reg', 'query', source)).status, 1, 'nor of the event source');
  assert.equal((await prefix.run(host, 'query', '--name', name)).status, 3);
}

/** A child that ends by itself is started again; the service goes on. */
export async function checkRestart(t: TestContext, place: Place): Promise<void> {
  await install(t, place, 'brief', '9');
  const starts = (): number =>
    outputOf(place)
      .split('\n')
      .filter((line) => line === 'brief').length;
  assert.ok(await eventually(() => starts() >= 1));
  assert.ok(await eventually(() => starts() >= 2, 30_000), `it is started again: ${outputOf(place)}`);
  assert.equal(await stateOf(place), 'RUNNING');
  const begin = Date.now();
  assert.equal((await place.prefix.run(place.host, 'stop', '--name', place.name)).status, 0);
  assert.ok(Date.now() - begin < 7000, 'a back-off does not hold up the stop');
}

/** A child that does not listen is ended after 8 s with all that it started, while the service manager is kept patient. */
export async function checkStubborn(t: TestContext, place: Place): Promise<void> {
  await install(t, place, 'stubborn', 'here');
  assert.ok(await eventually(() => children(place) === 2), 'a child and its child');
  const begin = Date.now();
  assert.equal((await place.prefix.run('sc', 'stop', place.name)).status, 0);
  assert.equal(await stateOf(place), 'STOP_PENDING');
  assert.ok(await eventually(async () => (await stateOf(place)) === 'STOPPED', 30_000));
  const took = Date.now() - begin;
  assert.ok(took > 6000 && took < 20_000, `${took} ms`);
  assert.equal(children(place), 0);
}

/** The children of a host that is killed die with it. */
export async function checkKilledHost(t: TestContext, place: Place): Promise<void> {
  await install(t, place, 'stubborn', 'here');
  assert.ok(await eventually(() => children(place) === 2));
  const { stdout } = await place.prefix.run(place.host, 'query', '--name', place.name);
  const pid = /^process: (\d+)/m.exec(stdout)![1]!;
  assert.equal((await place.prefix.run('taskkill', '/f', '/pid', pid)).status, 0);
  assert.ok(await eventually(() => children(place) === 0), 'the job ended them');
}

/** A data directory that is there already keeps its files, unless something in it is a link or somebody else's. */
export async function checkDataDirectory(t: TestContext, place: Place): Promise<void> {
  const { prefix, host, name, data, dataHere } = place;
  mkdirSync(dataHere, { recursive: true });
  const configuration = join(dataHere, 'agent.json');
  const second = join(prefix.drive, 'second name');
  writeFileSync(configuration, '{}');
  linkSync(configuration, second);
  assert.match(await tryInstall(t, place, 'obey', data), /something in it is one/);
  rmSync(second);
  // Wine knows one owner beside oneself, by the user of the file, whom only root can choose.
  if (process.getuid?.() === 0) {
    chownSync(configuration, 65_534, 65_534);
    assert.match(await tryInstall(t, place, 'obey', data), /belongs neither to the administrators nor/);
    chownSync(configuration, 0, 0);
  }
  assert.equal(
    (await prefix.run(host, 'query', '--name', name)).status,
    3,
    'nothing is left of the attempts',
  );
  await install(t, place, 'obey', data);
  assert.deepEqual(readdirSync(dataHere).sort(), ['agent.json', 'service-output.log']);
  await prefix.run(host, 'uninstall', '--name', name);
  assert.ok(existsSync(configuration), 'without --purge it stays');
}
