/**
 * DNS answers over UDP beside Knot, NSD and a minimal responder on node:dgram: the same names, the same questions,
 * one core for the server and one for dnsperf, in turn. Ratios are taken round by round and the median is told.
 * Invariant: a round in which any answer was not NOERROR fails the run.
 */
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
import { APEX, firstAddress, provision } from './provision.ts';
import { type Benchmark, type Row, type Scale, median, runAsProgram, withUnit } from './report.ts';

const QUESTIONS = 200_000;
const WARM_UP_SECONDS = 1;

interface Peer {
  readonly name: string;
  /** The package that brings its program. */
  readonly needs?: string;
  readonly command: readonly string[];
  readonly port: number;
}

interface Rate {
  readonly perSecond: number;
  readonly cpuMicros: number;
  readonly residentMiB: number;
  readonly lost: number;
}

/** The rows of DNS over UDP. */
export const benchDns: Benchmark = async (scale) => {
  const missing = missingPrograms('dnsperf', 'dig');
  if (missing.length > 0) return [{ what: 'DNS over UDP', figure: `needs ${missing.join(', ')}` }];
  return await inDirectory(async (directory) => {
    const questions = writeInputs(directory, scale.hosts);
    const peers = await peersIn(directory, scale);
    const present = peers.filter(({ needs }) => needs === undefined);
    const rates = new Map<string, Rate[]>(present.map(({ name }) => [name, []]));
    for (let round = 0; round < scale.rounds; round++) {
      for (const peer of present) rates.get(peer.name)!.push(await measure(peer, questions, scale));
    }
    return peers.map((peer) => rowOf(peer, rates));
  });
};

function rowOf({ name, needs }: Peer, rates: ReadonlyMap<string, readonly Rate[]>): Row {
  const what = `DNS over UDP: ${name}`;
  const own = rates.get(name);
  if (own === undefined) return { what, figure: `needs ${needs}` };
  const of = (key: keyof Rate): number => median(own.map((rate) => rate[key]));
  const homing = rates.get('homing')!;
  const over = (key: keyof Rate): number => median(homing.map((rate, i) => rate[key] / own[i]![key]));
  const [ratio, cpuRatio] = [over('perSecond'), over('cpuMicros')];
  return {
    what,
    figure: `${withUnit(of('perSecond'), '/s')}, ${withUnit(of('cpuMicros'), 'µs CPU')}, ${withUnit(of('residentMiB'), 'MiB')}, ${of('lost')} lost`,
    ...(name === 'homing'
      ? {}
      : { ratio: `homing answers ${ratio.toFixed(2)} × as many, at ${cpuRatio.toFixed(2)} × the CPU` }),
    values: { perSecond: of('perSecond'), cpuMicros: of('cpuMicros'), ratio, cpuRatio },
  };
}

async function peersIn(directory: string, { hosts }: Scale): Promise<readonly Peer[]> {
  const data = join(directory, 'data');
  await provision(data, hosts);
  const [dns, http, dgram] = [await freePort(), await freePort(), await freePort()];
  const responder = [process.execPath, join(import.meta.dirname, 'dgram-responder.ts')];
  return [
    { name: 'homing', command: homingCommand(data, { http, dns }), port: dns },
    { name: 'minimal node:dgram responder', command: [...responder, `${dgram}`, `${hosts}`], port: dgram },
    await daemon(directory, 'Knot', { program: 'knotd', needs: 'knot', configure: knotConfiguration }),
    await daemon(directory, 'NSD', { program: 'nsd', needs: 'nsd', configure: nsdConfiguration }),
  ];
}

async function daemon(
  directory: string,
  name: string,
  peer: { program: string; needs: string; configure: (own: string, port: number, zones: string) => string },
): Promise<Peer> {
  const port = await freePort();
  const own = join(directory, peer.program);
  mkdirSync(own);
  const configuration = join(own, 'conf');
  writeFileSync(configuration, peer.configure(own, port, directory));
  const flags = peer.program === 'nsd' ? ['-d', '-c'] : ['-c'];
  const missing = findProgram(peer.program) === undefined;
  const command = [peer.program, ...flags, configuration];
  return { name, command, port, ...(missing ? { needs: peer.needs } : {}) };
}

function knotConfiguration(own: string, port: number, zones: string): string {
  return `server:
    rundir: ${own}
    listen: 127.0.0.1@${port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: ${own}
log:
  - target: stderr
    any: error
zone:
  - domain: ${APEX}
    storage: ${zones}
    file: zone.db
    zonefile-sync: -1
`;
}

function nsdConfiguration(own: string, port: number, zones: string): string {
  return `server:
  ip-address: 127.0.0.1@${port}
  server-count: 1
  username: ""
  chroot: ""
  zonesdir: ${zones}
  database: ""
  pidfile: ${own}/pid
  xfrdfile: ${own}/xfrd
  zonelistfile: ${own}/list
  rrl-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: ${APEX}
  zonefile: zone.db
`;
}

/** The zone for the peers and the questions for all; returns the path of the questions. */
function writeInputs(directory: string, hosts: number): string {
  const octets = (i: number): string => [...Buffer.from(firstAddress(i), 'latin1')].join('.');
  const records = Array.from({ length: hosts }, (_, i) => `h${i} IN A ${octets(i)}\n`).join('');
  const head = '@ IN SOA ns1 hostmaster 1 3600 600 86400 60\n@ IN NS ns1\nns1 IN A 127.0.0.1\n';
  writeFileSync(join(directory, 'zone.db'), `$ORIGIN ${APEX}.\n$TTL 60\n${head}${records}`);
  const path = join(directory, 'questions.txt');
  // The same pseudo-random order each time.
  let seed = 7;
  const next = (): number => (seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0);
  const lines = Array.from({ length: QUESTIONS }, () => `h${(next() >>> 8) % hosts}.${APEX} A\n`);
  writeFileSync(path, lines.join(''));
  return path;
}

async function measure({ command, port }: Peer, questions: string, scale: Scale): Promise<Rate> {
  const server = new ServerProcess(command);
  try {
    const dig = ['dig', '+short', '+tries=1', '+time=1', '@127.0.0.1', '-p', String(port)];
    const last = `h${scale.hosts - 1}.${APEX}`;
    await server.ready(async () => (await runLoad([...dig, last]).catch(() => '')).startsWith('10.'));
    const load = ['dnsperf', '-s', '127.0.0.1', '-p', String(port), '-d', questions, '-c', '8', '-q', '200'];
    await runLoad([...load, '-l', String(WARM_UP_SECONDS)]);
    const before = server.cpuSeconds();
    const output = await runLoad([...load, '-l', String(scale.seconds)]);
    const cpu = server.cpuSeconds() - before;
    const done = Number(/Queries completed:\s+(\d+)/.exec(output)?.[1]);
    const noError = Number(/NOERROR (\d+)/.exec(output)?.[1]);
    if (!(done > 0) || noError !== done) throw new Error(`${command.join(' ')} answered wrongly: ${output}`);
    return {
      perSecond: done / scale.seconds,
      cpuMicros: (cpu * 1e6) / done,
      residentMiB: server.residentMiB(),
      lost: Number(/Queries lost:\s+(\d+)/.exec(output)?.[1]),
    };
  } finally {
    await server.stop();
  }
}

if (import.meta.main) await runAsProgram('dns', benchDns);
