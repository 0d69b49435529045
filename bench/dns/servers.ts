/**
 * The DNS servers that are measured: Homing in its forms and its peers, all with the records of `zone.ts`, ready to
 * be started. Invariant: each gets one thread to answer with, unless its name says otherwise.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from '../../test/interop/free-ports.ts';
import { ServerProcess, findProgram, homingCommand, runLoad } from '../processes.ts';
import { APEX } from '../provision.ts';
import { writeData, writeZoneFile } from './zone.ts';

/** A server that can be started; one whose program is missing names its package. */
export interface Server {
  readonly name: string;
  readonly needs?: string;
  /** Starts it and resolves when it answers for the last host. */
  readonly start: () => Promise<Running>;
}

/** A server that answers on this port of 127.0.0.1. */
export interface Running {
  readonly process: ServerProcess;
  readonly port: number;
}

/** Where a server keeps its files, and how many hosts it has. */
export interface Place {
  readonly directory: string;
  readonly hosts: number;
  /** What its command is run by, such as `chrt -r 10`. */
  readonly runner?: readonly string[];
}

/** How Homing is started. */
export interface Form {
  /** DNS workers; 0 for node:dgram. */
  readonly workers: number;
  /** One core unless others are named, as `taskset` takes them. */
  readonly cores?: string;
  /** Further settings, as `NAME=value`. */
  readonly settings?: readonly string[];
}

/** Homing in one of its forms. */
export function homing(name: string, place: Place, form: Form): Server {
  return {
    name,
    start: async () => {
      const data = join(place.directory, `data-${form.workers}`);
      await writeData(data, place.hosts);
      const { dns, http } = await freePorts('http', 'dns');
      const settings = [`HOMING_DNS_WORKERS=${form.workers}`, ...(form.settings ?? [])];
      const command = ['env', ...settings, ...homingCommand(data, { http, dns })];
      return await started(command, dns, { ...place, ...form });
    },
  };
}

/** The minimal responder on node:dgram. */
export function minimalResponder(place: Place): Server {
  return {
    name: 'minimal node:dgram responder',
    start: async () => {
      const { port } = await freePorts('port');
      const program = join(import.meta.dirname, '..', 'peers', 'dgram-responder.ts');
      return await started([process.execPath, program, `${port}`, `${place.hosts}`], port, place);
    },
  };
}

/** Knot with one worker for each transport. */
export function knot(place: Place): Server {
  return daemon('Knot', place, { program: 'knotd', needs: 'knot', configure: knotConfiguration });
}

/** NSD with one server process. */
export function nsd(place: Place): Server {
  return daemon('NSD', place, { program: 'nsd', needs: 'nsd', configure: nsdConfiguration });
}

interface Daemon {
  readonly program: string;
  readonly needs: string;
  readonly configure: (directory: string, port: number) => string;
}

function daemon(name: string, place: Place, { program, needs, configure }: Daemon): Server {
  const start = async (): Promise<Running> => {
    const { port } = await freePorts('port');
    const own = join(place.directory, program);
    mkdirSync(own, { recursive: true });
    writeZoneFile(join(own, 'zone.db'), place.hosts);
    const configuration = join(own, 'conf');
    writeFileSync(configuration, configure(own, port));
    const flags = program === 'nsd' ? ['-d', '-c'] : ['-c'];
    return await started([program, ...flags, configuration], port, place);
  };
  return { name, start, ...(findProgram(program) === undefined ? { needs } : {}) };
}

/** Starts a command and resolves when the server answers for the last host on this port. */
export async function started(
  command: readonly string[],
  port: number,
  { hosts, runner = [], cores }: Pick<Place, 'hosts' | 'runner'> & Pick<Form, 'cores'>,
): Promise<Running> {
  const server = new ServerProcess([...runner, ...command], cores === undefined ? {} : { cores });
  const dig = ['dig', '+short', '+tries=1', '+time=1', '@127.0.0.1', '-p', String(port)];
  const last = `h${hosts - 1}.${APEX}`;
  await server.ready(async () => (await runLoad([...dig, last]).catch(() => '')).startsWith('10.'));
  return { process: server, port };
}

function knotConfiguration(own: string, port: number): string {
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
    storage: ${own}
    file: zone.db
    zonefile-sync: -1
`;
}

function nsdConfiguration(own: string, port: number): string {
  return `server:
  ip-address: 127.0.0.1@${port}
  server-count: 1
  username: ""
  chroot: ""
  zonesdir: ${own}
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
