/**
 * A client that has read `good` and then asks DNS: of every worker, while others update and ask as fast as they can.
 * One trial is an update over HTTP with a new address, the reading of its reply, and then a question over UDP to each
 * worker; many trials are under way at once, each for a host that no other one touches.
 * Invariant: an address other than the one that was just acknowledged is stale, and fails the run.
 */
import { join } from 'node:path';
import { type Socket, connect } from 'node:net';
import { once } from 'node:events';
import { freePorts } from '../../test/interop/free-ports.ts';
import { ServerProcess, homingCommand, inDirectory, missingPrograms, runLoad } from '../processes.ts';
import { ACCOUNT, APEX, nameOf, provision } from '../provision.ts';
import { type Benchmark, type Row, type Scale, runAsProgram, withUnit } from '../report.ts';
import { answers, basic, writeScript } from '../updates/load.ts';
import { writeHostQuestions } from '../dns/zone.ts';
import { type Asker, aimAtWorkers, isAimed } from './aim.ts';

const WORKERS = 2;
/** Trials that are under way at once. */
const LANES = 32;
/** Sockets for each worker. */
const SOCKETS = 4;
const QUESTIONS_A_SECOND = 5000;
const LOAD_SECONDS = '3';
const LOAD_CONNECTIONS = '16';

/** The row of trials. */
export const benchTrials: Benchmark = (scale) =>
  inDirectory(async (directory) => {
    const data = join(directory, 'data');
    const secret = await provision(data, scale.hosts);
    const ports = await freePorts('http', 'dns');
    const settings = { HOMING_UPDATES_CHANGE_BURST: '0', HOMING_DNS_WORKERS: String(WORKERS) };
    const env = { ...process.env, ...settings };
    const server = new ServerProcess(homingCommand(data, ports), { env, cores: '0,1' });
    try {
      await server.ready(() => answers(`http://127.0.0.1:${ports.http}/ip`));
      const aim = { pid: server.pid, port: ports.dns, name: Buffer.from(nameOf('h0'), 'latin1') };
      const askers = await aimAtWorkers(aim, SOCKETS);
      if (askers.length !== WORKERS) return [{ what: WHAT, figure: `needs ${WORKERS} DNS workers` }];
      const client = { port: ports.http, authorization: basic(ACCOUNT, secret), askers };
      const load = loadUntil({ directory, ports, authorization: client.authorization }, scale);
      const start = performance.now();
      const stale = await runTrials(client, scale).finally(load.end);
      const seconds = (performance.now() - start) / 1000;
      if (!(await isAimed(aim, askers))) throw new Error('a worker was asked that was not aimed at');
      const late = askers.flat().reduce((sum, asker) => sum + asker.late, 0);
      for (const asker of askers.flat()) asker.close();
      return [rowOf({ stale, late, seconds, trials: scale.trials, load: load.what })];
    } finally {
      await server.stop();
    }
  });

const WHAT = '`good` read, then DNS asked';

interface Outcome {
  readonly stale: number;
  readonly late: number;
  readonly seconds: number;
  readonly trials: number;
  readonly load: string;
}

function rowOf({ stale, late, seconds, trials, load }: Outcome): Row {
  if (stale > 0) throw new Error(`${stale} stale answers in ${trials} trials`);
  return {
    what: `${WHAT}: ${trials.toLocaleString('en')} trials, each of ${WORKERS} workers, ${load}`,
    figure: `${stale} stale, ${withUnit(trials / seconds, 'trials/s')}${late > 0 ? `, ${late} asked again` : ''}`,
    bar: '0 stale',
    values: { stale, trials, late, seconds },
  };
}

interface Client {
  readonly port: number;
  readonly authorization: string;
  readonly askers: readonly (readonly Asker[])[];
}

/** Makes all trials and returns how many answers were stale. */
async function runTrials(client: Client, { hosts, trials }: Scale): Promise<number> {
  // The load updates the first half of the hosts, the trials the second.
  const first = hosts >> 1;
  const own = Math.max(1, Math.floor((hosts - first) / LANES));
  let begun = 0;
  let stale = 0;
  const lane = async (number: number): Promise<void> => {
    const connection = await Updates.open(client);
    for (let i = 0; begun < trials; i++) {
      const trial = begun++;
      const label = `h${first + number * own + (i % own)}`;
      // Those that the hosts begin with are lower.
      const address = Buffer.of(10, 128 + ((trial >> 16) & 127), (trial >> 8) & 255, trial & 255);
      await connection.update(label, address.join('.'));
      const name = Buffer.from(nameOf(label), 'latin1');
      const answered = client.askers.map((sockets) => sockets[trial % sockets.length]!.address(name));
      for (const answer of await Promise.all(answered)) if (!answer.equals(address)) stale++;
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: LANES }, (_, number) => lane(number)));
  return stale;
}

/** A connection over which one update follows the other. */
class Updates {
  readonly #socket: Socket;
  readonly #authorization: string;
  #reply = '';
  #settle: ((reply: string) => void) | undefined;
  #fail: ((error: Error) => void) | undefined;

  constructor(socket: Socket, authorization: string) {
    this.#socket = socket;
    this.#authorization = authorization;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      this.#reply += text;
      // A reply is one line behind its head.
      if (/\r\n\r\n[^\n]*\n$/.test(this.#reply)) this.#settle?.(this.#reply);
    });
    socket.on('close', () => this.#fail?.(new Error(`the connection was closed: ${this.#reply}`)));
  }

  static async open({ port, authorization }: Client): Promise<Updates> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    await once(socket, 'connect');
    return new Updates(socket, authorization);
  }

  /** Resolves as soon as `good` and the address were read; rejects with any other reply. */
  async update(label: string, address: string): Promise<void> {
    const read = new Promise<string>((resolve, reject) => {
      this.#settle = resolve;
      this.#fail = reject;
    });
    this.#reply = '';
    this.#socket.write(
      `GET /nic/update?hostname=${label}.${APEX}&myip=${address} HTTP/1.1\r\nHost: 127.0.0.1\r\n` +
        `Authorization: ${this.#authorization}\r\nConnection: keep-alive\r\n\r\n`,
    );
    const reply = await read;
    if (!reply.endsWith(`\r\n\r\ngood ${address}\n`)) throw new Error(`an update was answered: ${reply}`);
  }

  close(): void {
    this.#fail = undefined;
    this.#socket.destroy();
  }
}

interface Loaded {
  readonly directory: string;
  readonly ports: { readonly http: number; readonly dns: number };
  readonly authorization: string;
}

/** Updates of the first half of the hosts and questions for all of them, again and again until it is ended. */
function loadUntil(
  { directory, ports, authorization }: Loaded,
  { hosts }: Scale,
): { what: string; end: () => Promise<void> } {
  const progress = { isDone: false };
  const missing = missingPrograms('wrk', 'dnsperf');
  const script = join(directory, 'load.lua');
  writeScript(script, [{ authorization, label: 'h0' }], { kind: 'changing', hosts: hosts >> 1 });
  const questions = join(directory, 'questions.txt');
  writeHostQuestions(questions, { hosts, miss: 0 });
  const update = ['wrk', '-t1', `-c${LOAD_CONNECTIONS}`, `-d${LOAD_SECONDS}`, '-s', script];
  const ask = ['dnsperf', '-s', '127.0.0.1', '-p', String(ports.dns), '-d', questions, '-l', LOAD_SECONDS];
  const commands = [
    [...update, `http://127.0.0.1:${ports.http}`],
    [...ask, '-Q', String(QUESTIONS_A_SECOND), '-c', '8'],
  ].filter(([program]) => !missing.includes(program!));
  const running = Promise.all(
    commands.map(async (command) => {
      while (!progress.isDone) await runLoad(command);
    }),
  );
  // A failure is told at the end, where it is waited for.
  running.catch(() => undefined);
  return {
    what: missing.length > 0 ? `under its own load alone (needs ${missing.join(', ')})` : 'under load',
    end: async () => {
      progress.isDone = true;
      await running;
    },
  };
}

if (import.meta.main) await runAsProgram('fresh', benchTrials);
