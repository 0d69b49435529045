/** Zones from presentation format, as a test writes them. */
import assert from 'node:assert/strict';
import type { AnswerContext } from '../../src/dns/answer.ts';
import { peerOf } from '../../src/dns/rrl/source-words.ts';
import { systemClock } from '../../src/ops/clock.ts';
import { type Name, parentOf, parseName } from '../../src/zone/name.ts';
import { parseZoneFile } from '../../src/zone/zone-file/parse-zone-file.ts';
import type { ZoneSet } from '../../src/zone/zone-view.ts';
import { type Zone, createZone } from '../../src/zone/zone.ts';

/** The zone that a zone file describes. */
export function zoneFrom(apex: string, text: string): Zone {
  const name = parseName(apex)!;
  const file = parseZoneFile(text, name);
  assert.ok(file.ok, file.ok ? '' : `line ${file.line}: ${file.reason}`);
  const zone = createZone({ apex: name, soa: file.soa, serial: file.serial, accept: 'any' });
  for (const { owner, rrset } of file.rrsets) zone.putRRset(owner, rrset);
  return zone;
}

/** These zones as a server's. */
export function zoneSet(...zones: Zone[]): ZoneSet {
  const byApex = new Map(zones.map((zone) => [zone.apex, zone]));
  return {
    zoneFor(name) {
      for (let at: Name | undefined = name; at !== undefined; at = parentOf(at)) {
        const zone = byApex.get(at);
        if (zone !== undefined) return zone;
      }
      return undefined;
    },
  };
}

/** A log that fails the test that uses it. */
export const SILENT_LOG = { info: failOn, warn: failOn, error: failOn };

function failOn(fields: object, message: string): void {
  throw new Error(message, { cause: fields });
}

/** What answering needs, with nothing switched on. */
export function answerContext(zones: ZoneSet, transport: 'udp' | 'tcp' = 'udp'): AnswerContext {
  const off = { settings: {}, cookies: undefined, limiter: undefined };
  return { zones, transport, source: peerOf('192.0.2.200'), ...off, clock: systemClock, log: SILENT_LOG };
}

/** A small zone for tests of everything but resolution: `example.test` with one of each size of answer. */
export function exampleZone(): Zone {
  const txt = Array.from({ length: 12 }, (_, i) => `big 60 IN TXT "${i} ${'x'.repeat(200)}"`);
  const many = Array.from({ length: 60 }, (_, i) => `many 60 IN A 198.51.100.${i + 1}`);
  return zoneFrom(
    'example.test',
    [
      '@ 300 IN SOA ns1 hostmaster 1 3600 900 1209600 60',
      '@ 300 IN NS ns1',
      'ns1 300 IN A 192.0.2.1',
      'home 60 IN A 192.0.2.10',
      'home 60 IN AAAA 2001:db8::10',
      'www 60 IN CNAME home',
      '*.wild 60 IN A 192.0.2.99',
      'mail 60 IN MX 10 mx.mail',
      '_sip._udp 60 IN SRV 1 2 5060 home',
      ...txt,
      ...many,
    ].join('\n'),
  );
}
