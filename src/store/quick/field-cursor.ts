/**
 * Reads what the fields of stored things hold: names of zones and accounts, which come again and again and are decoded
 * once, and addresses.
 * Invariant: as of `ByteCursor`.
 */
import { type IpAddress, ipv4FromNumber, parseIpAddress } from '../../net/ip-address.ts';
import type { Name } from '../../zone/name.ts';
import { ByteCursor } from './byte-cursor.ts';

/** A text that comes again and again, with its bytes up to the comma after it. */
export interface Repeated<T> {
  readonly bytes: Uint8Array;
  readonly value: T;
}

const COMMA = 0x2c;
const CLOSING_BRACE = 0x7d;
const QUOTE = 0x22;
const NULL = ascii('null');

/** The octets of a text that is ASCII. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}

/** A cursor that knows fields. */
export class FieldCursor extends ByteCursor {
  #zone: Repeated<Name> | undefined;
  #account: Repeated<string> | undefined;

  /** A zone's name and the comma after it: usually the one that came last. */
  zoneName(): Name | undefined {
    if (this.#zone !== undefined && this.skip(this.#zone.bytes)) return this.#zone.value;
    const value = this.name();
    if (value === undefined || !this.skipOctet(COMMA)) return undefined;
    this.#zone = { bytes: this.since(value.length + 1), value };
    return value;
  }

  /** An account's name behind its quotation mark, and the comma after it. */
  accountName(): string | undefined {
    if (this.#account !== undefined && this.skip(this.#account.bytes)) return this.#account.value;
    const value = this.text();
    if (value === undefined || !this.skipOctet(COMMA)) return undefined;
    this.#account = { bytes: ascii(`${value}",`), value };
    return value;
  }

  /** An IPv4 address with its quotation marks. */
  address4(): IpAddress | undefined {
    const value = this.skipOctet(QUOTE) ? this.ipv4() : -1;
    return value === -1 ? undefined : ipv4FromNumber(value);
  }

  /** As `address4`, as a number, -1 for null; undefined where it does not know. */
  numberOrNull4(): number | undefined {
    if (this.skip(NULL)) return -1;
    const value = this.skipOctet(QUOTE) ? this.ipv4() : -1;
    return value === -1 ? undefined : value;
  }

  /** An IPv6 address with its quotation marks. */
  address6(): IpAddress | undefined {
    const address = this.skipOctet(QUOTE) ? parseIpAddress(this.text() ?? '') : undefined;
    return address?.length === 16 ? address : undefined;
  }

  /** As `address6`, or null. */
  addressOrNull6(): IpAddress | null | undefined {
    return this.skip(NULL) ? null : this.address6();
  }

  /** Goes past so many closing braces. */
  ends(braces: number): boolean {
    for (let left = braces; left > 0; left--) if (!this.skipOctet(CLOSING_BRACE)) return false;
    return true;
  }
}
