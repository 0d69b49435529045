/**
 * Every case in cases/*.txt, from the bytes of the question to the bytes of the answer. A file holds zones in
 * presentation format and, after blank lines, questions with their answers:
 *
 *     ask NAME TYPE            ; the clause that the answer follows
 *     RCODE [aa]
 *     answer|authority|additional RECORD      (in the order of the message; `authority SOA TTL` is the zone's SOA)
 */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import test from 'node:test';
import { Packet } from 'dns2';
import { answerQuery } from '../../src/dns/answer.ts';
import { formatName, parseName } from '../../src/zone/name.ts';
import { formatRdata } from '../../src/zone/rdata/rdata.ts';
import { decode, query, wireName } from './message.ts';
import { answerContext, zoneFrom, zoneSet } from './zones.ts';

const FOLDER = new URL('cases/', import.meta.url);

for (const file of readdirSync(FOLDER).sort()) {
  const blocks = readFileSync(new URL(file, FOLDER), 'utf8')
    .split(/\n\s*\n/)
    .map((block) => block.split('\n').filter((line) => !/^\s*(;|$)/.test(line)));
  const zones = blocks
    .filter(([first]) => first?.startsWith('zone '))
    .map(([first, ...records]) => zoneFrom(first!.split(' ')[1]!, records.join('\n')));
  const context = answerContext(zoneSet(...zones), 'tcp');

  for (const [ask, status, ...records] of blocks.filter(([first]) => first?.startsWith('ask ') === true)) {
    const [, name, type] = ask!.split(/\s+/) as [string, string, string];
    await test(`${file}: ${ask!.slice(4)}`, () => {
      const bytes = answerQuery(query(name, type), context);
      const got = decode(bytes);
      const zone = context.zones.zoneFor(parseName(name)!);
      const soa = (ttl: string): string =>
        `${formatName(zone!.apex)} ${ttl} IN SOA ${formatRdata(6, zone!.soa.rdata[0]!)}`;
      const section = (key: string): string[] =>
        records
          .filter((line) => line.startsWith(`${key} `))
          .map((line) => line.slice(key.length + 1).replace(/^SOA (\d+)$/, (_, ttl: string) => soa(ttl)));
      assert.deepEqual([got.rcode, ...got.flags.filter((flag) => flag === 'aa')].join(' '), status!.trim());
      assert.deepEqual(got.answer, section('answer'));
      assert.deepEqual(got.authority, section('authority'));
      assert.deepEqual(got.additional, section('additional'));
      assert.deepEqual(
        got.question.subarray(0, -4),
        wireName(name),
        'the question comes back octet by octet',
      );

      const second = Packet.parse(Buffer.from(bytes!));
      assert.deepEqual(
        [second.answers.length, second.authorities.length, second.additionals.length],
        [got.answer.length, got.authority.length, got.additional.length],
        'dns2 reads the same sections',
      );
    });
  }
}
