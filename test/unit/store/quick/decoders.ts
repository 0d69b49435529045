/** Lists of changes, decoded as a store does it and as the JSON codec does. */
import { ipv4FromNumber } from '../../../../src/net/ip-address.ts';
import type { Change } from '../../../../src/store/change.ts';
import { Decoder } from '../../../../src/store/codec.ts';
import { ChangeListDecoder } from '../../../../src/store/quick/change-list.ts';
import type { ChangeTarget, HostRow } from '../../../../src/store/quick/change-target.ts';
import type { TokenRow } from '../../../../src/store/tokens/packed-tokens.ts';
import { DIGEST_LENGTH, ID_LENGTH } from '../../../../src/store/tokens/token-texts.ts';
import { nameFromWire } from '../../../../src/zone/name.ts';

/** The changes of a list as JSON and the slow decoder read it; undefined where they refuse it. */
export function slowly(list: string): Change[] | undefined {
  try {
    const decoder = new Decoder();
    const changes: Change[] = [];
    for (const value of JSON.parse(`[${list}]`) as unknown[]) {
      const decoded = decoder.changes(value);
      if (!decoded.ok) return undefined;
      changes.push(...decoded.value);
    }
    return changes;
  } catch {
    return undefined; // no JSON
  }
}

/** Takes everything as changes; rows as the changes that they stand for. */
export class Collector implements ChangeTarget {
  readonly changes: Change[] = [];

  applyChange(change: Change): void {
    this.changes.push(change);
  }

  putHostRow({ bytes, nameAt, nameLength, ipv4, ...row }: HostRow): void {
    const { zone, account, ttl, ipv6, wildcard, changedAt, blocked } = row;
    const name = nameFromWire(bytes.toString('latin1', nameAt, nameAt + nameLength));
    const address = ipv4 === -1 ? null : ipv4FromNumber(ipv4);
    const rest = { ttl, ipv4: address, ipv6, wildcard, changedAt, blocked };
    this.changes.push({ kind: 'host-put', host: { name, zone, account, ...rest } });
  }

  putTokenRow({ bytes, idAt, digestAt, host, hostLength, account, label, createdAt }: TokenRow): boolean {
    const hosts = hostLength === 0 ? null : [nameFromWire(host.toString('latin1', 0, hostLength))];
    const text = (at: number, length: number): string => bytes.toString('latin1', at, at + length);
    const [id, digest] = [text(idAt, ID_LENGTH), text(digestAt, DIGEST_LENGTH)];
    this.changes.push({ kind: 'token-put', token: { id, account, hosts, label, digest, createdAt } });
    return true;
  }
}

/** The changes of a list straight from its bytes; undefined where they are refused. */
export function quickly(list: string): Change[] | undefined {
  const target = new Collector();
  return new ChangeListDecoder(target).decode(Buffer.from(list)) === undefined ? target.changes : undefined;
}

/** A form of changes in which equal ones are deeply equal. */
export function alike(changes: readonly Change[] | undefined): unknown {
  return JSON.parse(
    JSON.stringify(changes ?? null, function (this: Record<string, unknown>, key, value: unknown) {
      // As it is there: a buffer is an object of another form by now.
      const octets = this[key];
      return octets instanceof Uint8Array ? Buffer.from(octets).toString('hex') : value;
    }),
  );
}
