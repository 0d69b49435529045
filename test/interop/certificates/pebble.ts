/**
 * A certificate authority of its own: Debian's pebble, which validates by asking Homing's DNS.
 * Invariant: every order is validated (no authorization is taken over from an earlier one).
 */
import { readFile, writeFile } from 'node:fs/promises';
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { freePorts } from '../free-ports.ts';
import { type HomingProcess, temporaryDirectory } from '../homing-process.ts';
import { needProgram } from '../programs.ts';
import { selfSigned, startInForeground } from '../fronts/nginx-front.ts';

/** A running authority. */
export interface Pebble {
  /** Of its ACME directory. */
  readonly url: string;
  /** The file of the certificate with which it serves HTTPS. */
  readonly certificate: string;
}

/** Starts pebble, which asks `server` for every name. Skips where the machine lacks it. */
export async function startPebble(t: TestContext, server: HomingProcess): Promise<Pebble | undefined> {
  const [pebble, openssl] = ['pebble', 'openssl'].map((name) => needProgram(t, name));
  if (pebble === undefined || openssl === undefined) return undefined;
  const directory = await temporaryDirectory(t);
  const { chain, key } = await selfSigned(openssl, directory, ['localhost']);
  const { port, management } = await freePorts('port', 'management');
  const config = {
    pebble: {
      listenAddress: `127.0.0.1:${port}`,
      managementListenAddress: `127.0.0.1:${management}`,
      certificate: chain,
      privateKey: key,
      httpPort: 5002,
      tlsPort: 5001,
    },
  };
  const file = join(directory, 'pebble.json');
  await writeFile(file, JSON.stringify(config));
  const env = {
    ...process.env,
    PEBBLE_VA_NOSLEEP: '1',
    PEBBLE_WFE_NONCEREJECT: '0',
    PEBBLE_AUTHZREUSE: '0',
  };
  const args = ['-config', file, '-dnsserver', `127.0.0.1:${server.dnsPort}`, '-strict'];
  await startInForeground(t, { program: pebble, args, port, env });
  return { url: `https://localhost:${port}/dir`, certificate: chain };
}

/** The names that the certificate in a file is for. */
export async function namesOf(file: string): Promise<readonly string[]> {
  const { subjectAltName } = new X509Certificate(await readFile(file));
  return (subjectAltName ?? '').split(', ').map((entry) => entry.replace(/^DNS:/, ''));
}
