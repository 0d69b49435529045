/**
 * `npm run build:agent`: makes everything in `clients/dist`, and says what it left out for want of a program or a package.
 *
 * With `--require-all` anything that is left out is a failure. Two builds of the same sources give the same bytes.
 */
import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleCommonJs, bundleModule, writeLicenses } from './bundle.ts';
import { writeDistManifest } from './dist-manifest.ts';
import { MSI_PACKAGES, buildMsi, canBuildMsi } from './msi.ts';
import { PLATFORMS, fetchRuntime } from './node-runtime.ts';
import { BuildFailure, CACHE, DIST, ROOT } from './places.ts';
import { SERVICE_HOST_PACKAGES, buildServiceHost, canBuildServiceHost } from './service-host.ts';
import { makeExecutable, prepareBlob } from './single-executable.ts';
import { zipFolder } from './zip-archive.ts';

const inDist = (name: string): string => join(DIST, name);
const missing: string[] = [];
const WINDOWS_AGENT = 'homing-agent-win-x64.exe';

try {
  rmSync(DIST, { recursive: true, force: true });
  mkdirSync(DIST, { recursive: true });
  await buildAgents();
  buildPowerShell();
  buildForWindows();
  const files = writeDistManifest(DIST);
  for (const { name, bytes, sha256 } of files)
    console.log(`${sha256.slice(0, 16)}…  ${(bytes / 1e6).toFixed(2).padStart(7)} MB  ${name}`);
  for (const line of missing) console.log(`left out: ${line}`);
  if (missing.length > 0 && process.argv.includes('--require-all')) process.exitCode = 1;
} catch (error) {
  if (!(error instanceof BuildFailure)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

async function buildAgents(): Promise<void> {
  const packages = await bundleModule(inDist('homing-agent.mjs'));
  const linux = fetchRuntime(PLATFORMS.linux);
  writeLicenses(inDist('licenses.txt'), packages, linux.ok ? linux.runtime.license : undefined);
  if (!linux.ok) {
    missing.push(`homing-agent-linux-x64 and ${WINDOWS_AGENT} (${linux.reason})`);
    return;
  }
  const bundle = join(CACHE, 'homing-agent.cjs');
  await bundleCommonJs(bundle);
  const blob = prepareBlob(bundle, linux.runtime);
  makeExecutable(PLATFORMS.linux, linux.runtime, blob, inDist('homing-agent-linux-x64'));
  const windows = fetchRuntime(PLATFORMS.windows);
  if (windows.ok) makeExecutable(PLATFORMS.windows, windows.runtime, blob, inDist(WINDOWS_AGENT));
  else missing.push(`${WINDOWS_AGENT} (${windows.reason})`);
}

/** The module and the installer, which are handed out as they are. */
function buildPowerShell(): void {
  const windows = join(ROOT, 'clients', 'windows');
  for (const name of ['install.ps1', 'Install-Homing.bat'])
    if (existsSync(join(windows, name))) copyFileSync(join(windows, name), inDist(name));
  if (existsSync(join(windows, 'Homing')))
    writeFileSync(inDist('homing-powershell.zip'), zipFolder(join(windows, 'Homing'), 'Homing'));
}

function buildForWindows(): void {
  if (!canBuildServiceHost()) {
    missing.push(`homing-service.exe and homing-agent.msi (they take ${SERVICE_HOST_PACKAGES})`);
    return;
  }
  buildServiceHost(inDist('homing-service.exe'));
  // The checksums of what goes into it are its identity.
  writeDistManifest(DIST);
  if (!existsSync(inDist(WINDOWS_AGENT))) missing.push(`homing-agent.msi (it takes ${WINDOWS_AGENT})`);
  else if (canBuildMsi()) buildMsi(inDist('homing-agent.msi'));
  else missing.push(`homing-agent.msi (it takes ${MSI_PACKAGES})`);
}
