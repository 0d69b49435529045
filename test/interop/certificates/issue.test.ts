/**
 * Certificates by DNS-01: lego with both of its providers that Homing speaks, and certbot with the hook of its recipe.
 * The authority is pebble, which looks for the TXT values in Homing's DNS.
 */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { findRecipe } from '../../../src/recipe/catalogue.ts';
import { formatExample } from '../../../src/recipe/format-recipe.ts';
import { administer } from '../administer.ts';
import { type Finished, type HomingProcess, run, temporaryDirectory } from '../homing-process.ts';
import { ACCOUNT, HOSTS, ZONE, findProgram, needProgram, startScenario } from '../programs.ts';
import { type Pebble, namesOf, startPebble } from './pebble.ts';

const [HOME, VPN] = HOSTS;

test('lego issues certificates', async (t) => {
  const lego = needProgram(t, 'lego');
  if (lego === undefined) return;
  const server = await startScenario(t, {
    env: { HOMING_ACME_DNS_REGISTER_BELOW: ZONE, HOMING_ACME_DNS_REGISTER_ACCOUNT: ACCOUNT },
  });
  const pebble = await startPebble(t, server);
  if (pebble === undefined) return;
  const base = `http://127.0.0.1:${server.httpPort}`;

  await t.test('httpreq, for a host and all names below it: two values at one name', async (t) => {
    const directory = await temporaryDirectory(t);
    const env = { HTTPREQ_ENDPOINT: base, HTTPREQ_USERNAME: ACCOUNT, HTTPREQ_PASSWORD: server.token };
    const domains = [HOME, `*.${HOME}`];
    const { status, output } = await issue({ lego, pebble, directory, provider: 'httpreq', domains, env });
    assert.equal(status, 0, output);
    const names = await namesOf(join(directory, 'certificates', `${HOME}.crt`));
    assert.deepEqual([...names].sort(), [...domains].sort());
    assert.equal(await txtOf(server, `_acme-challenge.${HOME}`), '', 'cleaned up');
  });

  await t.test('httpreq in raw mode', async (t) => {
    const directory = await temporaryDirectory(t);
    const env = {
      ...{ HTTPREQ_ENDPOINT: base, HTTPREQ_USERNAME: ACCOUNT, HTTPREQ_PASSWORD: server.token },
      HTTPREQ_MODE: 'RAW',
    };
    const { status, output } = await issue({
      lego,
      pebble,
      directory,
      provider: 'httpreq',
      domains: [VPN],
      env,
    });
    assert.equal(status, 0, output);
  });

  await t.test('httpreq with a wrong token fails, and sets nothing', async (t) => {
    const directory = await temporaryDirectory(t);
    const env = { HTTPREQ_ENDPOINT: base, HTTPREQ_USERNAME: ACCOUNT, HTTPREQ_PASSWORD: 'wrong' };
    const { status, output } = await issue({
      lego,
      pebble,
      directory,
      provider: 'httpreq',
      domains: [VPN],
      env,
    });
    assert.notEqual(status, 0, output);
    assert.match(output, /401/);
    assert.equal(await txtOf(server, `_acme-challenge.${VPN}`), '');
  });

  const probe = {
    lego,
    pebble,
    directory: await temporaryDirectory(t),
    provider: 'acme-dns',
    domains: [HOME],
  };
  const { output } = await issue({ ...probe, env: {} });
  const lacksAcmeDns = output.includes('unrecognized DNS provider')
    ? 'needs a lego that has acme-dns, which Debian leaves out'
    : false;

  await t.test("acme-dns with a host's own token", { skip: lacksAcmeDns }, async (t) => {
    const directory = await temporaryDirectory(t);
    const storage = join(directory, 'accounts.json');
    const subdomain = `_acme-challenge.${HOME}`;
    const account = {
      FullDomain: subdomain,
      SubDomain: subdomain,
      Username: ACCOUNT,
      Password: server.token,
    };
    await writeFile(storage, JSON.stringify({ [HOME]: account }), { mode: 0o600 });
    const env = { ACME_DNS_API_BASE: base, ACME_DNS_STORAGE_PATH: storage };
    const { status, output } = await issue({
      lego,
      pebble,
      directory,
      provider: 'acme-dns',
      domains: [HOME],
      env,
    });
    assert.equal(status, 0, output);
    assert.deepEqual(await namesOf(join(directory, 'certificates', `${HOME}.crt`)), [HOME]);
  });

  await t.test('acme-dns with a registration and its CNAME', { skip: lacksAcmeDns }, async (t) => {
    const directory = await temporaryDirectory(t);
    const domain = `www.${ZONE}`;
    const env = { ACME_DNS_API_BASE: base, ACME_DNS_STORAGE_PATH: join(directory, 'accounts.json') };
    const order = { lego, pebble, directory, provider: 'acme-dns', domains: [domain], env };
    const first = await issue(order);
    assert.notEqual(first.status, 0, first.output);
    const target = new RegExp(`CNAME ([0-9a-f-]+\\.${ZONE.replace('.', '\\.')})`).exec(first.output)?.[1];
    assert.ok(target !== undefined, first.output);
    await pointTo(server, `_acme-challenge.${domain}`, target);
    const second = await issue(order);
    assert.equal(second.status, 0, second.output);
    assert.deepEqual(await namesOf(join(directory, 'certificates', `${domain}.crt`)), [domain]);
  });
});

test('certbot issues a certificate with the hook of its recipe', async (t) => {
  const [certbot, curl] = ['certbot', 'curl'].map((name) => needProgram(t, name));
  if (certbot === undefined || curl === undefined) return;
  const server = await startScenario(t);
  const pebble = await startPebble(t, server);
  if (pebble === undefined) return;
  const recipe = findRecipe('certbot');
  assert.ok('steps' in recipe);
  const values = {
    server: { scheme: 'http', authority: `127.0.0.1:${server.httpPort}` },
    ...{ account: ACCOUNT, token: server.token, hostname: HOME },
  } as const;
  const script = formatExample(recipe, values, 'Filled in.').text;
  const domains = [HOME, `*.${HOME}`];
  const names = await certify(t, { certbot, pebble, script, domains });
  assert.deepEqual([...names].sort(), [...domains].sort());
  assert.equal(await txtOf(server, `_acme-challenge.${HOME}`), '', 'cleaned up');
});

test('certbot issues a certificate with the requests that acme.sh makes of acme-dns', async (t) => {
  const [certbot, curl] = ['certbot', 'curl'].map((name) => needProgram(t, name));
  if (certbot === undefined || curl === undefined) return;
  const server = await startScenario(t, {
    env: { HOMING_ACME_DNS_REGISTER_BELOW: ZONE, HOMING_ACME_DNS_REGISTER_ACCOUNT: ACCOUNT },
  });
  const pebble = await startPebble(t, server);
  if (pebble === undefined) return;
  const base = `http://127.0.0.1:${server.httpPort}`;
  const registered = await run(curl, ['-s', '-X', 'POST', `${base}/register`]);
  const account = JSON.parse(registered.stdout) as Record<
    'username' | 'password' | 'subdomain' | 'fulldomain',
    string
  >;
  const domain = `www.${ZONE}`;
  await pointTo(server, `_acme-challenge.${domain}`, account.fulldomain);
  // As dns_acmedns.sh writes its headers and its body, and reads the answer.
  const script = [
    ...['#!/bin/sh', '[ "$1" = present ] || exit 0', 'response=$(curl -s -A acme.sh/3.0.7 \\'],
    `  -H 'X-Api-User: ${account.username}' -H 'X-Api-Key: ${account.password}' \\`,
    `  -d "{\\"subdomain\\":\\"${account.subdomain}\\", \\"txt\\": \\"$CERTBOT_VALIDATION\\"}" ${base}/update)`,
    'echo "$response" | grep "\\"$CERTBOT_VALIDATION\\"" >/dev/null',
  ].join('\n');
  const domains = [domain, `*.${domain}`];
  const names = await certify(t, { certbot, pebble, script, domains });
  assert.deepEqual([...names].sort(), [...domains].sort());
});

interface Order {
  readonly lego: string;
  readonly pebble: Pebble;
  readonly directory: string;
  readonly provider: string;
  readonly domains: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** Runs lego once. It asks no other DNS whether the value is there: the authority will. */
async function issue({ lego, pebble, directory, provider, domains, env }: Order): Promise<Finished> {
  const names = domains.flatMap((domain) => ['--domains', domain]);
  const about = ['--accept-tos', '--email', `hostmaster@${ZONE}`, '--server', pebble.url];
  return run(lego, [...about, '--path', directory, '--dns', provider, '--dns.disable-cp', ...names, 'run'], {
    env: { ...process.env, LEGO_CA_CERTIFICATES: pebble.certificate, HTTPREQ_POLLING_INTERVAL: '1', ...env },
    timeoutMs: 60_000,
  });
}

/** Runs certbot once with a hook for both of its calls; gives the names of the certificate. */
async function certify(
  t: TestContext,
  order: { certbot: string; pebble: Pebble; script: string; domains: readonly string[] },
): Promise<readonly string[]> {
  const { certbot, pebble, script, domains } = order;
  const directory = await temporaryDirectory(t);
  const hook = join(directory, 'homing.sh');
  await writeFile(hook, script, { mode: 0o700 });
  for (const folder of ['config', 'work', 'logs']) await mkdir(join(directory, folder));
  const { status, output } = await run(
    certbot,
    [
      ...['certonly', '--non-interactive', '--agree-tos', '--register-unsafely-without-email'],
      ...['--manual', '--preferred-challenges', 'dns', '--server', pebble.url],
      ...['--manual-auth-hook', `${hook} present`, '--manual-cleanup-hook', `${hook} cleanup`],
      ...['config', 'work', 'logs'].flatMap((name) => [`--${name}-dir`, join(directory, name)]),
      ...domains.flatMap((domain) => ['-d', domain]),
    ],
    { env: { ...process.env, REQUESTS_CA_BUNDLE: pebble.certificate }, timeoutMs: 60_000 },
  );
  assert.equal(status, 0, output);
  return namesOf(join(directory, 'config', 'live', domains[0]!, 'cert.pem'));
}

/** Sets a CNAME, as the owner of the zone does once. */
async function pointTo(server: HomingProcess, owner: string, target: string): Promise<void> {
  await administer(server.dataDirectory, (carryOut) =>
    carryOut<'record-set'>({ kind: 'record-set', owner, type: 'CNAME', values: [`${target}.`] }),
  );
}

/** What DNS answers for TXT, as dig prints it. */
async function txtOf(server: HomingProcess, name: string): Promise<string> {
  const tool = findProgram('dig') ?? findProgram('kdig');
  assert.ok(tool !== undefined, 'dig or kdig is needed to see the answer');
  const args = ['@127.0.0.1', '-p', String(server.dnsPort), '+norec', '+short', name, 'TXT'];
  return (await run(tool, args)).stdout.trim();
}
