/**
 * The shipped nginx configuration before a running Homing, on addresses of the test's choice and with a certificate
 * of its own. Only names, ports and certificates are replaced.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { freePorts } from '../free-ports.ts';
import { type HomingProcess, ROOT, run, temporaryDirectory } from '../homing-process.ts';

/** Where to listen, and for which names the certificate is. */
export interface FrontOptions {
  readonly nginx: string;
  readonly openssl: string;
  readonly server: HomingProcess;
  /** Default: loopback. */
  readonly address?: string;
  /** Default: ports that are free. */
  readonly ports?: { readonly plain: number; readonly tls: number };
  readonly names?: readonly string[];
}

/** A running front. */
export interface NginxFront {
  readonly plain: number;
  readonly tls: number;
  /** The file of the certificate, which is its own authority. */
  readonly certificate: string;
}

/** Starts nginx before a server and ends it with the test. */
export async function startNginxFront(t: TestContext, options: FrontOptions): Promise<NginxFront> {
  const { nginx, openssl, server, address = '127.0.0.1', names = ['dyn.example.org'] } = options;
  const directory = await temporaryDirectory(t);
  const { plain, tls } = options.ports ?? (await freePorts('plain', 'tls'));
  const certificate = await selfSigned(openssl, directory, names);
  const shipped = await readFile(join(ROOT, 'contrib/nginx/homing.conf'), 'utf8');
  const config = replaceAll(shipped, [
    ['server 127.0.0.1:8080;', `server 127.0.0.1:${server.httpPort};`],
    ['listen 80;', `listen ${address}:${plain};`],
    ['listen [::]:80;', ''],
    ['listen 443 ssl;', `listen ${address}:${tls} ssl;`],
    ['listen [::]:443 ssl;', ''],
    ['/etc/letsencrypt/live/dyn.example.org/fullchain.pem', certificate.chain],
    ['/etc/letsencrypt/live/dyn.example.org/privkey.pem', certificate.key],
  ]);
  await writeFile(join(directory, 'homing.conf'), config);
  await writeFile(join(directory, 'nginx.conf'), nginxFrame(directory));
  await mkdir(join(directory, 'logs'));
  const args = ['-p', directory, '-c', join(directory, 'nginx.conf'), '-e', 'stderr'];
  const checked = await run(nginx, [...args, '-t']);
  assert.equal(checked.status, 0, checked.output);
  await startInForeground(t, { program: nginx, args, address, port: plain });
  return { plain, tls, certificate: certificate.chain };
}

/** Replaces each text once; fails where the shipped file does not hold it, or holds it twice. */
export function replaceAll(text: string, replacements: readonly (readonly [string, string])[]): string {
  return replacements.reduce((before, [from, to]) => {
    assert.equal(before.split(from).length, 2, `"${from}" stands once in the configuration`);
    return before.replace(from, to);
  }, text);
}

/** A key and a certificate for these names and for loopback, as files. */
export async function selfSigned(
  openssl: string,
  directory: string,
  names: readonly string[],
): Promise<{ chain: string; key: string }> {
  const [chain, key] = [join(directory, 'chain.pem'), join(directory, 'key.pem')];
  const alternatives = [...names.map((name) => `DNS:${name}`), 'IP:127.0.0.1'].join(',');
  const made = await run(openssl, [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', `/CN=${names[0]}`, '-addext', `subjectAltName=${alternatives}`],
    ...['-keyout', key, '-out', chain],
  ]);
  assert.equal(made.status, 0, made.output);
  return { chain, key };
}

/** Starts a server of somebody else's in the foreground, waits until its port accepts, and ends it with the test. */
export async function startInForeground(
  t: TestContext,
  front: {
    program: string;
    args: readonly string[];
    address?: string;
    port: number;
    env?: NodeJS.ProcessEnv;
  },
): Promise<void> {
  const child = spawn(front.program, front.args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: front.env ?? process.env,
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (printed += text));
  const ended = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  for (let tries = 0; tries < 200 && child.exitCode === null; tries++) {
    if (await accepts(front.port, front.address ?? '127.0.0.1')) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`${front.program} does not listen:\n${printed}`);
}

function nginxFrame(directory: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${directory}/${kind};`,
  );
  const lines = ['daemon off;', `pid ${directory}/pid;`, 'error_log stderr;', 'events {}', 'http {'];
  return [...lines, 'access_log off;', ...temporary, `include ${directory}/homing.conf;`, '}', ''].join('\n');
}

async function accepts(port: number, address: string): Promise<boolean> {
  const socket = connect(port, address);
  const result = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'close').then(() => false),
  ]).catch(() => false);
  socket.destroy();
  return result;
}
