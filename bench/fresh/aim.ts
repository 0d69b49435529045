/**
 * DNS questions over UDP to one worker of a running server: the kernel gives each of a client's ports to one of the
 * workers' sockets for as long as both are open, and which one that is shows in who wakes up when it is asked.
 * Invariant: an answer is told to the one question that it is for.
 */
import { type Socket, createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';

/** Lone questions that show which worker a socket asks, and how many of them its wake-ups may differ from theirs. */
const PROBES = 12;
const TOLERANCE = 4;
/** Sockets that are tried for each one that is wanted. */
const MOST_TRIED = 50;
const LATE_MS = 2000;
const MOST_TRIES = 5;
/** Bytes of a question for the address of a name: header, and type and class behind the name. */
const HEADER = Buffer.from('000000000001000000000000', 'hex');
const TYPE_A = Buffer.from('00010001', 'hex');

/** A socket that asks. */
export class Asker {
  readonly #socket: Socket;
  readonly #open = new Map<number, (answer: Buffer) => void>();
  #id = 0;
  /** Questions that were asked again because no answer came in time. */
  late = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (answer) => {
      const id = answer.readUInt16BE(0);
      const settle = this.#open.get(id);
      this.#open.delete(id);
      settle?.(answer);
    });
  }

  /** The first address that is answered for a name in wire form, as bytes. Rejects where none is, or nobody answers. */
  async address(name: Uint8Array): Promise<Buffer> {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const answer = await this.#ask(name);
      if (answer === undefined) this.late++;
      else if (answer.readUInt16BE(6) === 0) throw new Error(`no address: ${answer.toString('hex')}`);
      // The name once more as a pointer, type, class, TTL and length lie before it.
      else return answer.subarray(HEADER.length + name.length + TYPE_A.length + 12).subarray(0, 4);
    }
    throw new Error(`a DNS worker did not answer ${MOST_TRIES} times`);
  }

  close(): void {
    this.#socket.close();
  }

  #ask(name: Uint8Array): Promise<Buffer | undefined> {
    const id = (this.#id = (this.#id + 1) & 0xffff);
    const question = Buffer.concat([HEADER, name, TYPE_A]);
    question.writeUInt16BE(id, 0);
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#open.delete(id);
        resolve(undefined);
      }, LATE_MS);
      this.#open.set(id, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      this.#socket.send(question);
    });
  }
}

/** A server whose workers are asked one by one; nobody else asks it anything while sockets are aimed. */
export interface Aim {
  readonly pid: number;
  readonly port: number;
  /** The name, in wire form, that is asked for. */
  readonly name: Uint8Array;
}

/** For each worker so many sockets that ask it alone. Rejects where they cannot be told apart. */
export async function aimAtWorkers(aim: Aim, each: number): Promise<readonly (readonly Asker[])[]> {
  const threads = workersOf(aim.pid);
  const askers = threads.map((): Asker[] => []);
  for (let tried = 0; askers.some((own) => own.length < each); tried++) {
    if (tried > MOST_TRIED * each * threads.length)
      throw new Error('not every DNS worker can be asked alone');
    const socket = createSocket('udp4');
    socket.connect(aim.port, '127.0.0.1');
    await once(socket, 'connect');
    const asker = new Asker(socket);
    const worker = await whoAnswers(aim, threads, asker);
    const own = worker === undefined ? undefined : askers[worker];
    if (own !== undefined && own.length < each) own.push(asker);
    else asker.close();
  }
  return askers;
}

/** The number of the worker that answers, or undefined where another one woke up too. */
async function whoAnswers(
  { pid, name }: Aim,
  threads: readonly string[],
  asker: Asker,
): Promise<number | undefined> {
  const before = threads.map((thread) => wakeUpsOf(pid, thread));
  for (let i = 0; i < PROBES; i++) await asker.address(name);
  const woken = threads.map((thread, i) => wakeUpsOf(pid, thread) - before[i]!);
  const worker = woken.indexOf(Math.max(...woken));
  const isSure = woken.every((count, i) => (i === worker ? count >= PROBES - TOLERANCE : count <= TOLERANCE));
  return isSure ? worker : undefined;
}

/** Whether every socket still asks the worker that it was aimed at, and that one alone. */
export async function isAimed(aim: Aim, askers: readonly (readonly Asker[])[]): Promise<boolean> {
  const threads = workersOf(aim.pid);
  for (const [worker, own] of askers.entries()) {
    for (const asker of own) {
      // A machine that is busy may wake a worker late for two questions at once; what is asked again tells.
      let found: number | undefined;
      for (let tries = 0; tries < MOST_TRIES && found === undefined; tries++)
        found = await whoAnswers(aim, threads, asker);
      if (found !== worker) return false;
    }
  }
  return true;
}

/** The ids of the threads that answer DNS, in their order. */
function workersOf(pid: number): readonly string[] {
  const named = readdirSync(`/proc/${pid}/task`).map((thread) => ({
    thread,
    number: /^dns-(\d+)$/.exec(readFileSync(`/proc/${pid}/task/${thread}/comm`, 'utf8').trim())?.[1],
  }));
  const workers = named.filter(({ number }) => number !== undefined);
  return workers.sort((a, b) => Number(a.number) - Number(b.number)).map(({ thread }) => thread);
}

/** How often a thread waited for something and was woken. */
function wakeUpsOf(pid: number, thread: string): number {
  const status = readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8');
  return Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1]);
}
