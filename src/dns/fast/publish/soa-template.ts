/**
 * What a zone's negative answers carry, as bytes that can be copied under any name of the zone.
 *
 * They are taken from the general lane's own answer, so the two can't differ: its answer to a question for a type that
 * the apex does not have. The only bytes of the record that depend on the question are compression pointers; each
 * points into the apex or into the record itself, both of which move by as much as the question's name is longer.
 */
import type { Name } from '../../../zone/name.ts';
import type { TableZone } from '../table/zone-blocks.ts';

/** Makes the answer of the general lane to a query; it is asked for negative answers, to publish what they carry. */
export type GeneralAnswer = (query: Uint8Array) => Uint8Array | undefined;

const HEADER = 12;

/** A type of the range for private use (RFC 6895 §3.1) that no zone is expected to have at its apex. */
const ABSENT_TYPE = 65_279;

/** The SOA record behind its owner, and where its pointers are; undefined where the zone gives no such answer. */
export function soaTemplate(
  apex: Name,
  answer: GeneralAnswer,
): Pick<TableZone, 'record' | 'pointers'> | undefined {
  const query = Buffer.alloc(HEADER + apex.length + 4);
  query[5] = 1;
  query.write(apex, HEADER, 'latin1');
  query.writeUInt16BE(ABSENT_TYPE, HEADER + apex.length);
  query.writeUInt16BE(1, HEADER + apex.length + 2);
  const reply = answer(query);
  if (reply === undefined || !isNoData(reply)) return undefined;
  // The owner is a pointer to the question's name, two octets.
  const record = reply.subarray(query.length + 2);
  const names = 10;
  const first = nameEnd(record, names);
  const second = nameEnd(record, first.end);
  const pointers = [first.pointer, second.pointer].filter((pointer) => pointer !== undefined);
  if (second.end + 20 !== record.length || record.length > 255) return undefined;
  return { record, pointers };
}

/** NOERROR with nothing but one record of authority, owned by the question's name. */
function isNoData(reply: Uint8Array): boolean {
  return (reply[3]! & 15) === 0 && reply[7] === 0 && reply[9] === 1 && reply[11] === 0;
}

/** Where a name ends, and where its compression pointer is, if it ends with one. */
function nameEnd(bytes: Uint8Array, start: number): { end: number; pointer?: number } {
  let at = start;
  while (at < bytes.length && bytes[at] !== 0 && bytes[at]! < 0xc0) at += 1 + bytes[at]!;
  return bytes[at] === 0 ? { end: at + 1 } : { end: at + 2, pointer: at };
}
