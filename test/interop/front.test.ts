/**
 * The configurations of `contrib/` before a running Homing. Only names, ports and certificates are replaced; what is
 * tested is what they do: plain HTTP is served without a redirect, and the address that counts is the one the front saw.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type HomingProcess, ROOT, run, temporaryDirectory } from './homing-process.ts';
import { ACCOUNT, HOSTS, assertPublished, needProgram, startScenario } from './programs.ts';

const [HOME] = HOSTS;
const NAME = 'dyn.example.org';
const TRUST_FRONT = { HOMING_HTTP_TRUSTED_PROXIES: '127.0.0.1' };

test('nginx before Homing', async (t) => {
  const [nginx, curl, openssl] = ['nginx', 'curl', 'openssl'].map((name) => needProgram(t, name));
  if (nginx === undefined || curl === undefined || openssl === undefined) return;
  const server = await startScenario(t, { env: TRUST_FRONT });
  const directory = await temporaryDirectory(t);
  const [plain, tls] = [await freePort(), await freePort()];
  const certificate = await selfSigned(openssl, directory);
  const shipped = await readFile(join(ROOT, 'contrib/nginx/homing.conf'), 'utf8');
  const config = replaceAll(shipped, [
    ['server 127.0.0.1:8080;', `server 127.0.0.1:${server.httpPort};`],
    ['listen 80;', `listen 127.0.0.1:${plain};`],
    ['listen [::]:80;', ''],
    ['listen 443 ssl;', `listen 127.0.0.1:${tls} ssl;`],
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
  await startFront(t, { program: nginx, args, port: plain });
  await checkFront(curl, server, [`http://127.0.0.1:${plain}`, `https://127.0.0.1:${tls}`]);
});

test('Caddy before Homing', async (t) => {
  const [caddy, curl] = ['caddy', 'curl'].map((name) => needProgram(t, name));
  if (caddy === undefined || curl === undefined) return;
  const shipped = join(ROOT, 'contrib/caddy/Caddyfile');
  const directory = await temporaryDirectory(t);
  const env = { ...process.env, HOME: directory, XDG_DATA_HOME: directory, XDG_CONFIG_HOME: directory };
  const checked = await run(caddy, ['validate', '--adapter', 'caddyfile', '--config', shipped], { env });
  assert.equal(checked.status, 0, checked.output);

  const server = await startScenario(t, { env: TRUST_FRONT });
  const port = await freePort();
  const config = replaceAll(await readFile(shipped, 'utf8'), [
    ['auto_https disable_redirects', 'admin off\n\tauto_https disable_redirects'],
    [`http://${NAME}, https://${NAME} {`, `http://${NAME}:${port} {\n\tbind 127.0.0.1`],
    ['reverse_proxy 127.0.0.1:8080', `reverse_proxy 127.0.0.1:${server.httpPort}`],
  ]);
  const file = join(directory, 'Caddyfile');
  await writeFile(file, config);
  const args = ['run', '--adapter', 'caddyfile', '--config', file];
  await startFront(t, { program: caddy, args, port, env });
  await checkFront(curl, server, [`http://127.0.0.1:${port}`]);
});

/** Updates through the front as a device that lies about its address, and looks at what came of it. */
async function checkFront(
  curl: string,
  server: HomingProcess & { token: string },
  bases: readonly string[],
): Promise<void> {
  for (const [i, base] of bases.entries()) {
    const address = `127.0.0.${9 + i}`;
    const lies = ['X-Forwarded-For: 203.0.113.99', 'Forwarded: for=203.0.113.98', 'X-Real-IP: 203.0.113.97'];
    const reply = await run(curl, [
      ...['--silent', '--show-error', '--include', '--insecure', '--max-time', '10'],
      ...['--interface', address, '--user', `${ACCOUNT}:${server.token}`],
      ...['--header', `Host: ${NAME}`, ...lies.flatMap((header) => ['--header', header])],
      `${base}/nic/update?hostname=${HOME}`,
    ]);
    assert.equal(reply.status, 0, reply.output);
    assert.match(reply.stdout, /^HTTP\/1\.1 200 OK\r\n/);
    assert.match(reply.stdout, /\r\ncontent-length: \d+\r\n/i);
    assert.doesNotMatch(reply.stdout, /transfer-encoding|content-encoding/i);
    assert.ok(reply.stdout.endsWith(`\r\n\r\ngood ${address}\n`), reply.stdout);
    await assertPublished(server, HOME, { ipv4: address });
  }
}

/** Replaces each text once; fails where the shipped file does not hold it, or holds it twice. */
function replaceAll(text: string, replacements: readonly (readonly [string, string])[]): string {
  return replacements.reduce((before, [from, to]) => {
    assert.equal(before.split(from).length, 2, `"${from}" stands once in the configuration`);
    return before.replace(from, to);
  }, text);
}

function nginxFrame(directory: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${directory}/${kind};`,
  );
  const lines = ['daemon off;', `pid ${directory}/pid;`, 'error_log stderr;', 'events {}', 'http {'];
  return [...lines, 'access_log off;', ...temporary, `include ${directory}/homing.conf;`, '}', ''].join('\n');
}

async function selfSigned(openssl: string, directory: string): Promise<{ chain: string; key: string }> {
  const [chain, key] = [join(directory, 'chain.pem'), join(directory, 'key.pem')];
  const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', `/CN=${NAME}`];
  const made = await run(openssl, [...args, '-keyout', key, '-out', chain]);
  assert.equal(made.status, 0, made.output);
  return { chain, key };
}

/** Starts a front in the foreground, waits until its port accepts, and ends it with the test. */
async function startFront(
  t: TestContext,
  front: { program: string; args: readonly string[]; port: number; env?: NodeJS.ProcessEnv },
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
  for (let tries = 0; tries < 100 && child.exitCode === null; tries++) {
    if (await accepts(front.port)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`${front.program} does not listen:\n${printed}`);
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const result = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'close').then(() => false),
  ]).catch(() => false);
  socket.destroy();
  return result;
}

/** A port that is free at this moment; for programs that do not tell which one the system chose. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  assert.ok(typeof address === 'object' && address !== null);
  return address.port;
}
