/**
 * `homing-service.exe`, cross-compiled by Debian's MinGW: messages, resources, then one call of the compiler; and the
 * library of the MSI, which shares parts of it.
 *
 * Invariant: every warning is an error, and the mitigations that Windows offers to executables are on.
 */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE, ROOT, VERSION, VERSION_NUMBERS, hasProgram, runProgram } from './places.ts';

const TOOL = 'x86_64-w64-mingw32-';

/** The Debian packages that it takes. */
export const SERVICE_HOST_PACKAGES = 'gcc-mingw-w64-x86-64 binutils-mingw-w64-x86-64';

const WARNINGS = [
  '-Wall',
  '-Wextra',
  '-Werror',
  '-Wconversion',
  '-Wshadow',
  '-Wformat=2',
  '-Wno-format-nonliteral',
];
const HARDENING = [
  '-fstack-protector-strong',
  '-D_FORTIFY_SOURCE=2',
  '-Wl,--dynamicbase,--nxcompat,--high-entropy-va',
];

/** Whether this machine can build it. */
export function canBuildServiceHost(): boolean {
  return hasProgram(`${TOOL}gcc`) && hasProgram(`${TOOL}windmc`);
}

/** Builds it; throws `BuildFailure` with what the compiler said. */
export function buildServiceHost(outfile: string): void {
  const source = join(ROOT, 'clients', 'windows', 'service');
  const resources = join(source, 'resources');
  const work = join(CACHE, 'service');
  mkdirSync(work, { recursive: true });
  runProgram(work, `${TOOL}windmc`, '-U', '-h', '.', '-r', '.', join(resources, 'events.mc'));
  runProgram(
    work,
    `${TOOL}windres`,
    ...['-I', '.', '-I', resources, '--include-dir', resources],
    ...[
      '-D',
      `HOMING_VERSION_TEXT=\\"${VERSION}\\"`,
      '-D',
      `HOMING_VERSION_NUMBERS=${VERSION_NUMBERS.join(',')}`,
    ],
    ...[join(resources, 'homing-service.rc'), '-O', 'coff', '-o', 'resources.o'],
  );
  const files = readdirSync(source).filter((file) => file.endsWith('.c'));
  runProgram(
    work,
    `${TOOL}gcc`,
    ...languageOf(source),
    ...['-municode', `-DHOMING_VERSION=L"${VERSION}"`],
    ...['-o', outfile, ...files.sort().map((file) => join(source, file)), 'resources.o'],
    ...['-ladvapi32', '-lcrypt32', '-lshell32'],
  );
}

/** Builds the library of the MSI's own custom actions; throws `BuildFailure`. */
export function buildSetupLibrary(outfile: string): void {
  const source = join(ROOT, 'clients', 'windows');
  const work = join(CACHE, 'service');
  mkdirSync(work, { recursive: true });
  const shared = ['guard.c', 'setup.c', 'source.c', 'text.c'].map((file) => join(source, 'service', file));
  runProgram(
    work,
    `${TOOL}gcc`,
    ...languageOf(source),
    ...['-shared', '-o', outfile, join(source, 'msi', 'homing-setup.c'), ...shared],
    ...['-ladvapi32', '-lshell32', '-lmsi'],
  );
}

/** What is said to the compiler of every part; the paths below `source` do not show in the result. */
function languageOf(source: string): readonly string[] {
  return [
    ...['-std=c17', '-Os', '-s', '-static', '-D_WIN32_WINNT=0x0A00'],
    ...[...WARNINGS, ...HARDENING, '-Wl,--no-insert-timestamp', `-ffile-prefix-map=${source}=.`],
  ];
}
