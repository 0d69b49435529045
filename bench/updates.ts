/**
 * Updates over HTTP beside their limits: bare hono answering a constant, and BIND taking RFC 2136 with TSIG.
 *
 * wrk keeps 64 connections busy: first with the unchanged update of one host, then with a new address for a random
 * host each time, which must be durable before it is answered. Ratios are taken round by round and the median is
 * told, of requests per second and of processor time per request, which means something on a busy machine too.
 * Invariant: a reply other than `good` or `nochg` makes the run fail.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  ServerProcess,
  findProgram,
  freePort,
  homingCommand,
  inDirectory,
  missingPrograms,
  runLoad,
} from './processes.ts';
import { ACCOUNT, APEX, provision } from './provision.ts';
import { type Benchmark, type Row, type Scale, median, runAsProgram, withUnit } from './report.ts';

const CONNECTIONS = 64;
const WARM_UP_SECONDS = 1;
const BIND_CLIENTS = 8;
const BIND_UPDATES_EACH = 300;

/** What wrk measured of one server. */
interface Rate {
  readonly perSecond: number;
  readonly cpuMicros: number;
  readonly p99: string;
}

type Mode = 'same' | 'changing';

/** One server with wrk's scripts for it. */
interface Target {
  readonly server: ServerProcess;
  readonly url: string;
  readonly script: (mode: Mode) => string;
}

const LUA = `math.randomseed(os.time())
local n = 0
request = function()
  n = n + 1
  local host = CHANGING and math.random(0, HOSTS - 1) or 7 % HOSTS
  local ip = CHANGING and ("10." .. (1 + math.floor(n / 62500) % 250) .. "." .. math.floor(n / 250) % 250 .. "." .. n % 250) or "10.0.0.7"
  return wrk.format("GET", "/nic/update?hostname=h" .. host .. ".${APEX}&myip=" .. ip, {["Authorization"] = AUTH, ["Connection"] = "keep-alive"})
end
response = function(status, headers, body)
  if status ~= 200 or not (body:find("^good") or body:find("^nochg")) then
    wrk.thread:set("refused", (wrk.thread:get("refused") or 0) + 1)
  end
end
local threads = {}
setup = function(thread) table.insert(threads, thread) end
done = function()
  local refused = 0
  for _, thread in ipairs(threads) do refused = refused + (thread:get("refused") or 0) end
  io.write("refused " .. refused .. "\\n")
end
`;

/** The rows of updates. */
export const benchUpdates: Benchmark = async (scale) => {
  const missing = missingPrograms('wrk');
  if (missing.length > 0) return [{ what: 'updates over HTTP', figure: `needs ${missing.join(', ')}` }];
  return await inDirectory(async (directory) => {
    const secret = await provision(join(directory, 'data'), scale.hosts);
    const bare = await startBareHono(directory);
    const homing = await startHoming(directory, secret, scale.hosts);
    try {
      const rounds = await measureRounds(bare, homing, scale);
      return [...ratesAsRows(rounds, scale), await bindRow(directory, rounds, scale)];
    } finally {
      await bare.server.stop();
      await homing.server.stop();
    }
  });
};

/** The three rates of one round, taken one right after the other. */
interface Round {
  readonly bare: Rate;
  readonly same: Rate;
  readonly changing: Rate;
}

async function measureRounds(bare: Target, homing: Target, scale: Scale): Promise<readonly Round[]> {
  await runWrk(bare, 'same', WARM_UP_SECONDS);
  await runWrk(homing, 'same', WARM_UP_SECONDS);
  await runWrk(homing, 'changing', WARM_UP_SECONDS);
  const rounds: Round[] = [];
  for (let i = 0; i < scale.rounds; i++) {
    rounds.push({
      bare: await runWrk(bare, 'same', scale.seconds),
      same: await runWrk(homing, 'same', scale.seconds),
      changing: await runWrk(homing, 'changing', scale.seconds),
    });
  }
  return rounds;
}

function ratesAsRows(rounds: readonly Round[], { hosts }: Scale): readonly Row[] {
  const row = (what: string, kind: 'same' | 'changing', bar: string): Row => {
    const perSecond = median(rounds.map((round) => round[kind].perSecond));
    const ratio = median(rounds.map((round) => round[kind].perSecond / round.bare.perSecond));
    const cpuRatio = median(rounds.map((round) => round.bare.cpuMicros / round[kind].cpuMicros));
    const cpuMicros = median(rounds.map((round) => round[kind].cpuMicros));
    return {
      what: `${what}, ${hosts.toLocaleString('en')} hosts`,
      figure: `${withUnit(perSecond, '/s')}, ${withUnit(cpuMicros, 'µs CPU')}, p99 ${rounds.at(-1)![kind].p99}`,
      ratio: `${ratio.toFixed(2)} × bare hono (by CPU ${cpuRatio.toFixed(2)})`,
      bar,
      values: { perSecond, cpuMicros, ratio, cpuRatio },
    };
  };
  const bareRate = median(rounds.map((round) => round.bare.perSecond));
  const bareCpu = median(rounds.map((round) => round.bare.cpuMicros));
  return [
    {
      what: 'bare hono, a constant',
      figure: `${withUnit(bareRate, '/s')}, ${withUnit(bareCpu, 'µs CPU')}`,
      values: { perSecond: bareRate, cpuMicros: bareCpu },
    },
    row('unchanged address', 'same', '≥ 0.55'),
    row('changed address, durable', 'changing', '≥ 0.30'),
  ];
}

async function startBareHono(directory: string): Promise<Target> {
  const port = await freePort();
  const program = join(import.meta.dirname, 'peers', 'bare-hono.ts');
  const server = new ServerProcess([process.execPath, program, String(port)]);
  const url = `http://127.0.0.1:${port}`;
  await server.ready(() => answers(`${url}/nic/update`));
  return { server, url, script: writeScripts(directory, 'bare', { auth: 'Basic eDp5', hosts: 1 }) };
}

async function startHoming(directory: string, secret: string, hosts: number): Promise<Target> {
  const [http, dns] = [await freePort(), await freePort()];
  const server = new ServerProcess(homingCommand(join(directory, 'data'), { http, dns }), { cwd: directory });
  const url = `http://127.0.0.1:${http}`;
  await server.ready(() => answers(`${url}/ip`));
  const auth = `Basic ${Buffer.from(`${ACCOUNT}:${secret}`).toString('base64')}`;
  return { server, url, script: writeScripts(directory, 'homing', { auth, hosts }) };
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false; // it does not listen yet
  }
}

function writeScripts(
  directory: string,
  name: string,
  { auth, hosts }: { auth: string; hosts: number },
): Target['script'] {
  const pathOf = (mode: Mode): string => join(directory, `${name}-${mode}.lua`);
  for (const mode of ['same', 'changing'] as const) {
    const head = `AUTH = "${auth}"\nHOSTS = ${hosts}\nCHANGING = ${mode === 'changing'}\n`;
    writeFileSync(pathOf(mode), head + LUA);
  }
  return pathOf;
}

async function runWrk({ server, url, script }: Target, mode: Mode, seconds: number): Promise<Rate> {
  const before = server.cpuSeconds();
  const load = ['wrk', '-t1', `-c${CONNECTIONS}`, `-d${seconds}`, '--latency', '-s', script(mode), url];
  const output = await runLoad(load);
  const cpu = server.cpuSeconds() - before;
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(output)?.[1]);
  const requests = Number(/(\d+) requests in/.exec(output)?.[1]);
  if (!/^refused 0$/m.test(output) || !(requests > 0)) throw new Error(`${url} refused updates: ${output}`);
  return { perSecond, cpuMicros: (cpu * 1e6) / requests, p99: /99%\s+(\S+)/.exec(output)?.[1] ?? '?' };
}

async function bindRow(directory: string, rounds: readonly Round[], { hosts }: Scale): Promise<Row> {
  const what = `BIND, RFC 2136 with TSIG, ${BIND_CLIENTS} clients`;
  if (missingPrograms('named', 'nsupdate', 'dig').length > 0) {
    return { what, figure: 'needs bind9 and bind9-dnsutils' };
  }
  const perSecond = await measureBind(join(directory, 'bind'), hosts);
  const ratio = median(rounds.map((round) => round.changing.perSecond)) / perSecond;
  return {
    what,
    figure: withUnit(perSecond, '/s'),
    ratio: `changed address is ${ratio.toFixed(1)} × BIND`,
    bar: '≥ 10',
    values: { perSecond, ratio },
  };
}

async function measureBind(directory: string, hosts: number): Promise<number> {
  mkdirSync(directory);
  const port = await freePort();
  const secret = randomBytes(32).toString('base64');
  const zone = join(directory, 'zone');
  const records = Array.from({ length: hosts }, (_, i) => `h${i} IN A 10.0.0.1\n`).join('');
  const head = '@ IN SOA ns1 hostmaster 1 3600 600 86400 60\n@ IN NS ns1\nns1 IN A 127.0.0.1\n';
  writeFileSync(zone, `$ORIGIN ${APEX}.\n$TTL 60\n${head}${records}`);
  const configuration = join(directory, 'named.conf');
  writeFileSync(
    configuration,
    `key k { algorithm hmac-sha256; secret "${secret}"; };
options { directory "${directory}"; listen-on port ${port} { 127.0.0.1; }; listen-on-v6 { none; }; recursion no;
  pid-file "${directory}/pid"; session-keyfile "${directory}/session"; dnssec-validation no; };
controls {};
zone "${APEX}" { type primary; file "${zone}"; allow-update { key k; }; };
`,
  );
  const server = new ServerProcess(['named', '-n', '1', '-f', '-c', configuration]);
  try {
    const dig = [findProgram('dig')!, '+short', '+tries=1', '+time=1', '@127.0.0.1', '-p', String(port)];
    await server.ready(async () => (await runLoad([...dig, `h0.${APEX}`]).catch(() => '')).startsWith('10.'));
    const start = performance.now();
    await Promise.all(
      Array.from({ length: BIND_CLIENTS }, (_, client) =>
        runLoad(
          ['nsupdate', '-t', '60', '-u', '10', '-y', `hmac-sha256:k:${secret}`],
          updatesOf(client, port, hosts),
        ),
      ),
    );
    return (BIND_CLIENTS * BIND_UPDATES_EACH * 1000) / (performance.now() - start);
  } finally {
    await server.stop();
  }
}

function updatesOf(client: number, port: number, hosts: number): string {
  const updates = Array.from({ length: BIND_UPDATES_EACH }, (_, i) => {
    const number = client * BIND_UPDATES_EACH + i;
    const name = `h${number % hosts}.${APEX}`;
    return `update delete ${name} A\nupdate add ${name} 60 A 192.0.2.${(number % 250) + 1}\nsend\n`;
  });
  return `server 127.0.0.1 ${port}\nzone ${APEX}\n${updates.join('')}`;
}

if (import.meta.main) await runAsProgram('updates', benchUpdates);
