/**
 * How long a whole server takes from its start to its first answer over UDP, and how much memory it then has: after an
 * orderly stop, and after it was killed with a fifth as many records in its journal as it has hosts.
 *
 * `node bench/store/starts.ts leave DIRECTORY RECORDS` writes that many commits, each of one host and its zone's serial, and
 * kills itself.
 */
import { createSocket } from 'node:dgram';
import { join } from 'node:path';
import { freePorts } from '../../test/interop/free-ports.ts';
import { openEmbeddedStore } from '../../src/store/embedded/open-embedded-store.ts';
import { nodeFileLayer } from '../../src/store/embedded/journal/file-layer.ts';
import { ServerProcess, homingCommand, inDirectory, runLoad } from '../processes.ts';
import { firstAddress, hostChange, nameOf, provision } from '../provision.ts';
import { type Row, type Scale, median, runAsProgram, withUnit } from '../report.ts';

const BAR_SECONDS = 5;
const BAR_MIB = 1024;

interface Start {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly residentMiB: number;
}

/** The rows of starting a server on this data directory, which is left with records in its journal. */
export async function startRows(directory: string, { hosts, rounds }: Scale): Promise<readonly Row[]> {
  const clean: Start[] = [];
  const killed: Start[] = [];
  const records = Math.ceil(hosts / 5);
  for (let round = 0; round < rounds; round++) clean.push(await start(directory, hosts - 1));
  // It ends by its own SIGKILL, which is what is wanted.
  const leave = [process.execPath, import.meta.filename, 'leave', directory, String(records)];
  await runLoad(leave).catch(() => undefined);
  for (let round = 0; round < rounds; round++) killed.push(await start(directory, hosts - 1));
  const count = hosts.toLocaleString('en');
  return [
    rowOf(`start to the first answer, ${count} hosts`, clean),
    rowOf(`the same after SIGKILL with ${records.toLocaleString('en')} records in the journal`, killed),
  ];
}

function rowOf(what: string, starts: readonly Start[]): Row {
  const of = (key: keyof Start): number => median(starts.map((each) => each[key]));
  const [seconds, cpuSeconds, residentMiB] = [of('seconds'), of('cpuSeconds'), of('residentMiB')];
  return {
    what,
    figure: `${withUnit(seconds, 's')} (${withUnit(cpuSeconds, 's')} of processor time), ${withUnit(residentMiB, 'MiB')}`,
    bar: `≤ ${BAR_SECONDS} s, ≤ ${BAR_MIB} MiB`,
    values: { seconds, cpuSeconds, residentMiB },
  };
}

async function start(directory: string, host: number): Promise<Start> {
  const ports = await freePorts('http', 'dns');
  const server = new ServerProcess(homingCommand(directory, ports));
  const seconds = (await server.ready(() => answers(ports.dns, host))) / 1000;
  const result = { seconds, cpuSeconds: server.cpuSeconds(), residentMiB: server.residentMiB() };
  await server.stop();
  return result;
}

/** Whether the server answers a question for the address of host number `host` within 100 ms. */
async function answers(port: number, host: number): Promise<boolean> {
  const name = Buffer.from(nameOf(`h${host}`), 'latin1');
  const query = Buffer.concat([
    Buffer.from('000700000001000000000000', 'hex'),
    name,
    Buffer.from('00010001', 'hex'),
  ]);
  const socket = createSocket('udp4');
  try {
    return await new Promise<boolean>((resolve) => {
      const late = setTimeout(() => {
        resolve(false);
      }, 100);
      const settle = (isRight: boolean): void => {
        clearTimeout(late);
        resolve(isRight);
      };
      socket.on('error', () => {
        settle(false);
      });
      socket.on('message', (reply) => {
        settle(reply.subarray(-4).equals(Buffer.from(firstAddress(host), 'latin1')));
      });
      socket.send(query, port, '127.0.0.1');
    });
  } finally {
    socket.close();
  }
}

/** Commits without waiting for the disk: what is measured is the reading. */
async function leave(directory: string, records: number): Promise<void> {
  const unsynced = async (
    file: ReturnType<typeof nodeFileLayer.open>,
  ): ReturnType<typeof nodeFileLayer.open> => {
    const real = await file;
    return {
      write: (bytes, position) => real.write(bytes, position),
      truncate: (length) => real.truncate(length),
      close: () => real.close(),
      datasync: () => Promise.resolve(),
    };
  };
  const files = {
    ...nodeFileLayer,
    create: (path: string) => unsynced(nodeFileLayer.create(path)),
    open: (path: string) => unsynced(nodeFileLayer.open(path)),
  };
  const options = { directory, files, onNotice: () => undefined, compactionBytes: Number.MAX_SAFE_INTEGER };
  const store = await openEmbeddedStore(options);
  const { settings } = store.view.zone(nameOf(''))!;
  for (let i = 0; i < records; i++) {
    await store.commit([
      hostChange(i),
      { kind: 'zone-put', zone: { ...settings, serial: settings.serial + i } },
    ]);
  }
  process.kill(process.pid, 'SIGKILL');
}

if (import.meta.main) {
  const [command, directory, records] = process.argv.slice(2);
  if (command === 'leave' && directory !== undefined) await leave(directory, Number(records));
  else
    await runAsProgram('starts', (scale) =>
      inDirectory(async (parent) => {
        await provision(join(parent, 'data'), scale.hosts);
        return await startRows(join(parent, 'data'), scale);
      }),
    );
}
