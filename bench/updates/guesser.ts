/**
 * Guesses passwords as many strangers at once: so many a second by the clock, whatever becomes of the guesses before,
 * each from an address of 127.0.0.0/8. One in two comes over a connection that its guesser keeps, the others over a
 * connection of their own; half name an account that exists. One process with raw sockets, because its core is shared.
 * Invariant: a connection carries one guess at a time; an answer other than `badauth` or `911` ends the program with 1.
 *
 * Arguments: PORT HOSTNAME USER A-SECOND SECONDS. Prints a `GuessReport` as JSON.
 */
import { type Socket, connect } from 'node:net';
import { sleep } from '../processes.ts';
import { basic } from './load.ts';

/** What came of the guesses. */
export interface GuessReport {
  /** Guesses sent, and how many of them over a connection of their own. */
  readonly sent: number;
  readonly overNew: number;
  /** Seconds from the first to the last. */
  readonly seconds: number;
  /** How they were answered. */
  readonly badauth: number;
  readonly overloaded: number;
  /** Connections that broke, or were given up by a server that had no time for them, before the guess was answered. */
  readonly broken: number;
  /** The most that were unanswered at a time for longer than `WAITING_MS`: those wait for their hash. */
  readonly mostWaiting: number;
  /** Unanswered when everything was answered that needs no hash. */
  readonly unanswered: number;
  /** How long after it was due a guess was sent at most, in milliseconds. */
  readonly latestMs: number;
}

/** Longer than an answer takes for which nothing is computed. */
export const WAITING_MS = 500;

const TICK_MS = 2;
/** Connections that are kept: a guesser on one of them guesses about twice a second. */
const KEPT = 500;
const SAMPLE_MS = 100;
/** What is answered slower than this, without further guesses, waits for its hash: a core computes about three a second. */
const HASHES_A_SECOND = 5;
const MOST_REST_SECONDS = 20;

/** All guessers. */
class Guesser {
  readonly #port: number;
  readonly #hostname: string;
  readonly #user: string;
  readonly #idle: Socket[] = [];
  /** When each unanswered guess was sent, in the order of sending. */
  readonly #open = new Map<Socket, number>();
  #counts = { sent: 0, overNew: 0, badauth: 0, overloaded: 0, broken: 0 };
  #mostWaiting = 0;
  #latestMs = 0;
  #kept = 0;

  constructor(port: number, hostname: string, user: string) {
    this.#port = port;
    this.#hostname = hostname;
    this.#user = user;
  }

  async run(perSecond: number, seconds: number): Promise<GuessReport> {
    const begin = performance.now();
    const total = perSecond * seconds;
    const sampling = setInterval(() => {
      this.#sample();
    }, SAMPLE_MS);
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        const now = performance.now() - begin;
        const due = Math.min(total, Math.ceil((now * perSecond) / 1000));
        this.#latestMs = Math.max(this.#latestMs, now - (this.#counts.sent * 1000) / perSecond);
        while (this.#counts.sent < due) this.#guess();
        if (due < total) return;
        clearInterval(timer);
        resolve();
      }, TICK_MS);
    });
    const took = (performance.now() - begin) / 1000;
    clearInterval(sampling);
    await this.#rest();
    const report = { seconds: took, mostWaiting: this.#mostWaiting, latestMs: this.#latestMs };
    const unanswered = this.#open.size;
    const sockets = [...this.#idle, ...this.#open.keys()];
    this.#open.clear();
    for (const socket of sockets) socket.destroy();
    return { ...this.#counts, ...report, unanswered };
  }

  #guess(): void {
    const number = this.#counts.sent++;
    const keeps = (number & 1) === 0;
    if (!keeps) this.#counts.overNew++;
    const kept = keeps && this.#kept >= KEPT ? this.#idle.shift() : undefined;
    const socket = kept ?? this.#connect(keeps);
    const user = (number & 2) === 0 ? this.#user : `nobody${Math.floor(Math.random() * 1e6)}`;
    const authorization = basic(user, `guess${Math.random()}`);
    this.#open.set(socket, performance.now());
    socket.write(
      `GET /nic/update?hostname=${this.#hostname}&myip=10.0.0.7 HTTP/1.1\r\nHost: 127.0.0.1\r\n` +
        `Authorization: ${authorization}\r\nConnection: ${keeps ? 'keep-alive' : 'close'}\r\n\r\n`,
    );
  }

  /** A connection from a random address; those that are kept wait in `#idle` for the next guess. */
  #connect(keeps: boolean): Socket {
    const byte = (): number => 1 + Math.floor(Math.random() * 254);
    const localAddress = `127.${byte()}.${byte()}.${byte()}`;
    const socket = connect({ host: '127.0.0.1', port: this.#port, localAddress, noDelay: true });
    let reply = '';
    if (keeps) this.#kept++;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      reply += text;
      // The shortest body is the last of what is sent of a reply.
      if (!reply.endsWith('\r\n\r\nbadauth\n') && !reply.endsWith('\r\n\r\n911\n')) return;
      this.#take(socket, reply);
      reply = '';
      if (keeps) this.#idle.push(socket);
    });
    socket.on('close', () => {
      if (reply !== '' && !reply.startsWith('HTTP/1.1 408 '))
        fail(`a guess was answered otherwise: ${reply}`);
      if (this.#open.delete(socket)) this.#counts.broken++;
      const at = this.#idle.indexOf(socket);
      if (at >= 0) this.#idle.splice(at, 1);
      if (keeps) this.#kept--;
    });
    socket.on('error', () => undefined); // it is closed then, and that is counted
    return socket;
  }

  #take(socket: Socket, reply: string): void {
    if (reply.startsWith('HTTP/1.1 401 ') && reply.endsWith('badauth\n')) this.#counts.badauth++;
    else if (reply.startsWith('HTTP/1.1 503 ') && reply.endsWith('911\n')) this.#counts.overloaded++;
    else fail(`a guess was answered otherwise: ${reply}`);
    this.#open.delete(socket);
  }

  /** Waits until everything is answered that needs no hash. */
  async #rest(): Promise<void> {
    for (let second = 0; second < MOST_REST_SECONDS; second++) {
      const before = this.#open.size;
      await sleep(1000);
      if (before - this.#open.size <= HASHES_A_SECOND) return;
    }
  }

  #sample(): void {
    const before = performance.now() - WAITING_MS;
    let waiting = 0;
    for (const at of this.#open.values()) if (at < before) waiting++;
    this.#mostWaiting = Math.max(this.#mostWaiting, waiting);
  }
}

function fail(why: string): never {
  throw new Error(why);
}

if (import.meta.main) {
  const [port, hostname = '', user = '', perSecond, seconds] = process.argv.slice(2);
  const guesser = new Guesser(Number(port), hostname, user);
  console.log(JSON.stringify(await guesser.run(Number(perSecond), Number(seconds))));
}
