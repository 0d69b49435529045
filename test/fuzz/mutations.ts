/**
 * Hostile DNS messages without end: valid ones of every kind a server meets, damaged by a seeded generator. The same
 * seed gives the same messages, so that a find can be repeated.
 */
import { opt, query, wireName, words } from '../dns/message.ts';

/** Octets that mean something at many places: lengths, pointers, the edges of a label and of a byte. */
const TELLING = [0, 1, 2, 11, 12, 41, 63, 64, 127, 128, 191, 192, 193, 250, 254, 255];
const LONGEST = 1500;

/** Small numbers in a fixed order (mulberry32): each call gives one from 0 to below `below`. */
export function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** Messages for `example.test`, each valid only until the next is asked for. */
export function* mutations(seed: number): Generator<Buffer, never> {
  const random = generator(seed);
  const seeds = validMessages();
  const room = Buffer.alloc(LONGEST);
  for (;;) {
    const from = seeds[random(seeds.length)]!;
    let length = from.copy(room);
    for (let changes = random(5); changes > 0; changes--)
      length = damage(room, length, { random, other: seeds[random(seeds.length)]! });
    yield room.subarray(0, length);
  }
}

interface Damage {
  readonly random: (below: number) => number;
  readonly other: Buffer;
}

/** Damages the message of `length` octets in place and returns how long it is then. */
function damage(room: Buffer, length: number, { random, other }: Damage): number {
  const at = random(length + 1);
  switch (random(8)) {
    case 0:
      return at;
    case 1:
      return Math.max(length, Math.min(LONGEST, at + other.copy(room, at, random(other.length))));
    case 2: {
      const piece = Math.min(1 + random(24), length - at, LONGEST - length);
      room.copyWithin(at + piece, at, length);
      return length + piece;
    }
    case 3:
      room.writeUInt16BE(random(3) === 0 ? 0xffff : random(4), 4 + 2 * random(4));
      return length;
    case 4:
      room[2 + random(2)] = random(256);
      return length;
    case 5:
      room[at] = random(256);
      return length;
    default:
      room[at] = TELLING[random(TELLING.length)]!;
      return length;
  }
}

function validMessages(): readonly Buffer[] {
  const names = [
    'home',
    'HoMe',
    'www',
    'nope',
    'x.y.nope',
    'big',
    'many',
    'a.b.wild',
    'mail',
    '_sip._udp',
    'host',
    'six',
  ];
  const types = ['A', 'AAAA', 'TXT', 'ANY', 'NS', 'SOA', 'MX', 'DS', 'AXFR', 'OPT', 'TYPE65280'];
  const cookie = opt({ options: [[10, Buffer.from('12345678')]] });
  const whole = opt({
    options: [
      [10, Buffer.from('123456781234567812345678')],
      [3, Buffer.alloc(0)],
    ],
  });
  const subnet = opt({
    size: 65_535,
    flags: 0x8000,
    options: [
      [8, Buffer.from([0, 1, 24, 0, 192, 0, 2])],
      [12, Buffer.alloc(64)],
    ],
  });
  const opts = [
    undefined,
    opt(),
    opt({ flags: 0x8000, size: 512 }),
    opt({ version: 1 }),
    cookie,
    whole,
    subnet,
  ];
  const questions = names.flatMap((name) =>
    types.map((type, i) => {
      const chosen = opts[(name.length + i) % opts.length];
      const flags = [0, 0x0100, 0x0120, 0x0110][i % 4]!;
      return query(`${name}.example.test`, type, chosen === undefined ? { flags } : { flags, opt: chosen });
    }),
  );
  const plain = names.flatMap((name) =>
    ['A', 'AAAA', 'TXT'].map((type) => query(`${name}.example.test`, type)),
  );
  return [...questions, ...plain, ...oddMessages()];
}

function oddMessages(): readonly Buffer[] {
  const home = query('home.example.test', 'A');
  const record = (owner: Buffer, type: number, rdata: Buffer): Buffer =>
    Buffer.concat([owner, words(type, 255, 0, 0, rdata.length), rdata]);
  const tsig = record(
    wireName('key.example.test'),
    250,
    Buffer.concat([wireName('hmac-sha256'), Buffer.alloc(48)]),
  );
  const soa = record(
    wireName('example.test'),
    6,
    Buffer.concat([wireName('ns1'), wireName('h'), Buffer.alloc(20)]),
  );
  const labels = Buffer.concat([
    words(1, 0, 1, 0, 0, 0),
    wireName(`${'a.'.repeat(120)}example.test`),
    words(1, 1),
  ]);
  const pointers = Buffer.concat([
    words(1, 0, 1, 0, 0, 20),
    home.subarray(12),
    ...Array.from({ length: 20 }, () => record(words(0xc00c), 1, Buffer.alloc(4))),
  ]);
  return [
    Buffer.concat([words(1, 0, 1, 0, 0, 1), home.subarray(12), tsig]),
    Buffer.concat([words(1, 0, 1, 0, 0, 2), home.subarray(12), opt(), opt()]),
    Buffer.concat([words(1, 0x2800, 1, 0, 1, 0), wireName('example.test'), words(6, 1), soa]),
    Buffer.concat([words(1, 0x2400, 1, 1, 0, 0), wireName('example.test'), words(6, 1), soa]),
    Buffer.concat([words(1, 0, 1, 0xffff, 0xffff, 0xffff), home.subarray(12)]),
    Buffer.concat([words(1, 0, 0, 0, 0, 1), opt({ options: [[10, Buffer.from('12345678')]] })]),
    query('version.bind', 'TXT', { class: 3 }),
    query('home.example.test', 'A', { flags: 0x8180 }),
    query('.', 'NS'),
    labels,
    pointers,
  ];
}
