/**
 * Servers that take updates, and wrk sending them: 64 connections that are kept, the server's rate and its processor
 * time for one request. Invariant: a reply that is not the expected one fails the run.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from '../../test/interop/free-ports.ts';
import { ServerProcess, homingCommand, runLoad } from '../processes.ts';
import { APEX } from '../provision.ts';

/** What wrk measured of one server. */
export interface Rate {
  readonly requests: number;
  readonly perSecond: number;
  readonly cpuMicros: number;
  /** Processor time of the server's main thread alone, without those that compute hashes, fold and answer DNS. */
  readonly mainSeconds: number;
  readonly p99: string;
}

/** A server under load. */
export interface Target {
  readonly server: ServerProcess;
  readonly url: string;
  /** Of DNS; 0 where it answers none. */
  readonly dns: number;
}

/** Whose updates are sent. */
export interface Sender {
  /** The value of the Authorization header. */
  readonly authorization: string;
  /** The first label of the host that is updated. */
  readonly label: string;
}

/** What is sent: the same address again, or another one each time for a random one of `hosts` hosts (h0, h1, …). */
export type Mode = { readonly kind: 'same' } | { readonly kind: 'changing'; readonly hosts: number };

const CONNECTIONS = 64;

const LUA = `math.randomseed(os.time())
local n = 0
request = function()
  n = n + 1
  local sender = SENDERS[1 + n % #SENDERS]
  local host = HOSTS > 0 and "h" .. math.random(0, HOSTS - 1) or sender[2]
  local ip = HOSTS > 0 and ("10." .. (1 + math.floor(n / 62500) % 250) .. "." .. math.floor(n / 250) % 250 .. "." .. n % 250) or "10.0.0.7"
  return wrk.format("GET", "/nic/update?hostname=" .. host .. ".${APEX}&myip=" .. ip, {["Authorization"] = sender[1], ["Connection"] = "keep-alive"})
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

/** The Basic header of a user name and a secret. */
export function basic(user: string, secret: string): string {
  return `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`;
}

/** Writes wrk's script for these senders, who take turns, to `path` and returns that. */
export function writeScript(path: string, senders: readonly Sender[], mode: Mode): string {
  const list = senders.map(({ authorization, label }) => `{"${authorization}","${label}"}`).join(',');
  const hosts = mode.kind === 'changing' ? mode.hosts : 0;
  writeFileSync(path, `SENDERS = {${list}}\nHOSTS = ${hosts}\n${LUA}`);
  return path;
}

/**
 * Runs wrk with a script. Rejects where a reply was not `good` or `nochg`, and where there was none, unless others may
 * take all of the server's time.
 */
export async function runWrk(
  { server, url }: Target,
  script: string,
  seconds: number,
  mayStarve = false,
): Promise<Rate> {
  const [before, mainBefore] = [server.cpuSeconds(), server.mainThreadSeconds()];
  const load = ['wrk', '-t1', `-c${CONNECTIONS}`, `-d${seconds}`, '--latency', '-s', script, url];
  const output = await runLoad(load);
  const [cpu, mainSeconds] = [server.cpuSeconds() - before, server.mainThreadSeconds() - mainBefore];
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(output)?.[1]);
  const requests = Number(/(\d+) requests in/.exec(output)?.[1]);
  if (!/^refused 0$/m.test(output) || !(requests > 0 || (requests === 0 && mayStarve)))
    throw new Error(`${url} refused updates: ${output}`);
  const p99 = /99%\s+(\S+)/.exec(output)?.[1] ?? '?';
  return { requests, perSecond, cpuMicros: (cpu * 1e6) / requests, mainSeconds, p99 };
}

/** Starts bare hono, which answers a constant. */
export async function startBareHono(): Promise<Target> {
  const { port } = await freePorts('port');
  const program = join(import.meta.dirname, '..', 'peers', 'bare-hono.ts');
  const server = new ServerProcess([process.execPath, program, String(port)]);
  const url = `http://127.0.0.1:${port}`;
  await server.ready(() => answers(`${url}/nic/update`));
  return { server, url, dns: 0 };
}

/** Starts Homing on a data directory with these settings beside the default ones. */
export async function startHoming(
  data: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<Target> {
  const { http, dns } = await freePorts('http', 'dns');
  // Few hosts here change for as long as the load lasts, which no device does.
  const env = { ...process.env, HOMING_UPDATES_CHANGE_BURST: '0', ...environment };
  const server = new ServerProcess(homingCommand(data, { http, dns }), { env });
  const url = `http://127.0.0.1:${http}`;
  await server.ready(() => answers(`${url}/ip`));
  return { server, url, dns };
}

/** Whether a server answers this URL with success. */
export async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false; // it does not listen yet
  }
}
