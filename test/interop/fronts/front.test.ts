/**
 * The configurations of `contrib/` before a running Homing. Only names, ports and certificates are replaced; what is
 * tested is what they do: plain HTTP is served without a redirect, and the address that counts is the one the front saw.
 */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePorts } from '../free-ports.ts';
import { type HomingProcess, ROOT, run, temporaryDirectory } from '../homing-process.ts';
import { ACCOUNT, HOSTS, assertPublished, needProgram, startScenario } from '../programs.ts';
import { replaceAll, startInForeground, startNginxFront } from './nginx-front.ts';

const [HOME] = HOSTS;
const NAME = 'dyn.example.org';
const TRUST_FRONT = { HOMING_HTTP_TRUSTED_PROXIES: '127.0.0.1' };

test('nginx before Homing', async (t) => {
  const [nginx, curl, openssl] = ['nginx', 'curl', 'openssl'].map((name) => needProgram(t, name));
  if (nginx === undefined || curl === undefined || openssl === undefined) return;
  const server = await startScenario(t, { env: TRUST_FRONT });
  const { plain, tls } = await startNginxFront(t, { nginx, openssl, server });
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
  const { port } = await freePorts('port');
  const config = replaceAll(await readFile(shipped, 'utf8'), [
    ['auto_https disable_redirects', 'admin off\n\tauto_https disable_redirects'],
    [`http://${NAME}, https://${NAME} {`, `http://${NAME}:${port} {\n\tbind 127.0.0.1`],
    ['reverse_proxy 127.0.0.1:8080', `reverse_proxy 127.0.0.1:${server.httpPort}`],
  ]);
  const file = join(directory, 'Caddyfile');
  await writeFile(file, config);
  const args = ['run', '--adapter', 'caddyfile', '--config', file];
  await startInForeground(t, { program: caddy, args, port, env });
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
