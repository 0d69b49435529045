import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Host } from '../../../../src/account/host.ts';
import { AttemptRecord } from '../../../../src/http/attempts/attempt-record.ts';
import { ATTEMPTS_PER_HOST, HostAttempts } from '../../../../src/http/attempts/host-attempts.ts';
import { HostPool } from '../../../../src/http/attempts/host-pool.ts';
import type { AttemptOutcome, AttemptRun, Sighting } from '../../../../src/http/attempts/sighting.ts';
import { parseIpAddress } from '../../../../src/net/ip-address.ts';
import { type Name, parseName } from '../../../../src/zone/name.ts';

const source = (n: number) => parseIpAddress(`198.51.${n >> 8}.${n & 255}`)!;

function sighting(parts: Partial<Sighting> = {}): Sighting {
  const plain = { outcome: 'unchanged', proved: true, source: source(1), agent: 'ddclient/3.10' } as const;
  return { ...plain, dialect: 'dyndns2', at: 1000, ...parts };
}

/** One of two hosts whose entries lie in the same rows. */
class OneHost {
  readonly #all = new HostAttempts();
  readonly #pool = new HostPool();
  readonly #host = this.#pool.add('one.dyn.test', 1);
  readonly #other = this.#pool.add('other.dyn.test', 2);
  #others = 0;

  add(one: Sighting): void {
    for (const host of [this.#host, this.#other])
      if (!this.#all.join(this.#pool, host, one)) this.#all.add(this.#pool, host, one);
    this.#others++;
    // The rows that the other one leaves are given out again.
    if (this.#others % 7 === 0) this.#all.clear(this.#pool, this.#other);
  }

  list(): readonly AttemptRun[] {
    return this.#all.list(this.#pool, this.#host);
  }

  /** What is counted for this one alone. */
  get bytes(): number {
    this.#all.clear(this.#pool, this.#other);
    return this.#all.ownBytes + this.#all.strangerBytes;
  }
}

/** Hosts h0.dyn.test to h9999.dyn.test. */
const directory = {
  host: (name: Name): Host | undefined =>
    /^.h\d{1,4}\x03dyn\x04test\0$/.test(name) ? ({ name } as Host) : undefined,
};

const name = (n: number): Name => parseName(`h${n}.dyn.test`)!;

const OUTCOMES: readonly AttemptOutcome[] = ['changed', 'unchanged', 'bad-credentials', 'wrong-path'];

const anySighting = fc.record({
  outcome: fc.constantFrom(...OUTCOMES),
  proved: fc.boolean(),
  source: fc
    .integer({ min: 0, max: 40 })
    .map((n) => (n % 3 === 0 ? parseIpAddress(`2001:db8::${n.toString(16)}:ff`)! : source(n))),
  agent: fc.constantFrom('', 'ddclient/3.10', 'inadyn/2.10'),
  dialect: fc.constantFrom('dyndns2', 'duckdns'),
});

describe('attempts at one host', () => {
  it('are one entry with a count where they are equal, with the first and the last time', () => {
    const attempts = new OneHost();
    attempts.add(sighting({ outcome: 'changed', at: 500 }));
    for (let i = 0; i < 100_000; i++) attempts.add(sighting({ at: 1000 + i }));
    assert.deepEqual(
      attempts.list().map(({ outcome, count, firstAt, lastAt }) => [outcome, count, firstAt, lastAt]),
      [
        ['unchanged', 100_000, 1000, 100_999],
        ['changed', 1, 500, 500],
      ],
    );
  });

  it('are two entries where a device sends IPv4 and IPv6 in turns', () => {
    const attempts = new OneHost();
    for (let i = 0; i < 1000; i++) attempts.add(sighting({ source: source(i % 2), at: i }));
    assert.deepEqual(
      attempts.list().map(({ count }) => count),
      [500, 500],
    );
  });

  it('are never more than 20, of strangers never more than 10, and none is lost before', () => {
    fc.assert(
      fc.property(fc.array(anySighting, { maxLength: 120 }), (all) => {
        const attempts = new OneHost();
        let dropped = 0;
        for (const [at, one] of all.entries()) {
          const before = attempts.list().reduce((sum, { count }) => sum + count, 0);
          attempts.add({ ...one, at });
          const list = attempts.list();
          const after = list.reduce((sum, { count }) => sum + count, 0);
          dropped += before + 1 - after;
          assert.ok(list.length <= ATTEMPTS_PER_HOST.all);
          assert.ok(list.filter(({ proved }) => !proved).length <= ATTEMPTS_PER_HOST.strangers);
          const latest = list[0]!;
          assert.equal(latest.lastAt, at);
          assert.equal(latest.outcome, one.outcome);
          assert.equal(latest.source, one.source);
          if (list.length < ATTEMPTS_PER_HOST.strangers) assert.equal(dropped, 0);
          const bytes = list.reduce((sum, { source, agent }) => sum + 160 + source.length + agent.length, 0);
          assert.equal(attempts.bytes, bytes);
        }
      }),
    );
  });

  it("keep the owner's last ten, whatever strangers send", () => {
    fc.assert(
      fc.property(fc.array(anySighting, { maxLength: 100 }), (noise) => {
        const attempts = new OneHost();
        for (let i = 0; i < 15; i++) attempts.add(sighting({ outcome: 'changed', source: source(i), at: i }));
        for (const one of noise) attempts.add({ ...one, proved: false, at: 50 });
        const own = attempts.list().filter(({ proved }) => proved);
        assert.deepEqual(
          own.slice(0, 10).map(({ firstAt }) => firstAt),
          [14, 13, 12, 11, 10, 9, 8, 7, 6, 5],
        );
      }),
    );
  });

  it('use all 20 places where no stranger comes', () => {
    const attempts = new OneHost();
    for (let i = 0; i < 50; i++) attempts.add(sighting({ source: source(i), at: i }));
    assert.deepEqual([attempts.list().length, attempts.list().at(-1)!.firstAt], [20, 30]);
  });
});

describe('the record of attempts', () => {
  it('has a host from its first attempt on, however it was written, and no host that does not exist', () => {
    const record = new AttemptRecord(directory);
    for (const text of [
      'h1.dyn.test',
      'H1.Dyn.Test.',
      '_acme-challenge.h1.dyn.test',
      'no.dyn.test',
      '%%',
      '',
    ])
      record.note(text, sighting());
    assert.equal(record.size.hosts, 1);
    assert.equal(record.list(name(1))[0]!.count, 3);
    record.forget(name(1));
    assert.deepEqual([record.list(name(1)), record.size], [[], { hosts: 0, bytes: 0 }]);
  });

  it("is bounded in hosts and bytes, and no stranger pushes out an owner's attempts", () => {
    const limits = { hosts: 50, strangersHosts: 10, bytes: 40_000, strangersBytes: 4_000 };
    const hosts = fc.integer({ min: 0, max: 30 });
    const notes = fc.array(fc.tuple(hosts, anySighting), { minLength: 200, maxLength: 600, size: 'max' });
    fc.assert(
      fc.property(notes, (all) => {
        const record = new AttemptRecord(directory, limits);
        for (let i = 0; i < 50; i++) record.note(`h${i + 100}.dyn.test`, sighting());
        for (const [n, one] of all)
          record.note(`h${n}.dyn.test`, { ...one, proved: false, agent: one.agent.padEnd(90, '.'), at: 5 });
        const { hosts, bytes } = record.size;
        assert.ok(hosts <= 60, `${hosts} hosts`);
        assert.ok(bytes <= limits.bytes + limits.strangersBytes + 300, `${bytes} bytes`);
        for (let i = 0; i < 50; i++) assert.equal(record.list(name(i + 100)).length, 1);
      }),
      { numRuns: 30 },
    );
  });

  it('forgets the hosts that were not used for longest, and counts their bytes back', () => {
    const record = new AttemptRecord(directory, { hosts: 100 });
    for (let i = 0; i < 5000; i++) {
      record.note(`h${i}.dyn.test`, sighting());
      record.note('h0.dyn.test', sighting());
    }
    assert.equal(record.size.hosts, 100);
    assert.equal(record.list(name(0))[0]!.count, 5001);
    assert.equal(record.list(name(4999)).length, 1);
    assert.equal(record.list(name(100)).length, 0);
    for (let i = 0; i < 5000; i++) record.forget(name(i));
    assert.deepEqual(record.size, { hosts: 0, bytes: 0 });
  });

  it("moves a host to the owners' when its owner comes", () => {
    const record = new AttemptRecord(directory, { strangersHosts: 1 });
    record.note('h1.dyn.test', sighting({ proved: false, outcome: 'bad-credentials' }));
    record.note('h1.dyn.test', sighting({ at: 2000 }));
    record.note('h2.dyn.test', sighting({ proved: false }));
    record.note('h3.dyn.test', sighting({ proved: false }));
    assert.deepEqual(
      record.list(name(1)).map(({ outcome }) => outcome),
      ['unchanged', 'bad-credentials'],
    );
    assert.deepEqual([record.list(name(2)).length, record.list(name(3)).length], [0, 1]);
  });
});
