/**
 * The JSON text of changes as the journal holds them. Nothing is written as often as a host's address, so the usual
 * host is put together here, and what repeats in a commit is written out once.
 * Invariant: the text is exactly the one of `encodeChange`, and what that refuses is refused by it.
 */
import type { Host } from '../../account/host.ts';
import { type IpAddress, formatIpAddress } from '../../net/ip-address.ts';
import { type Name, ROOT, formatName } from '../../zone/name.ts';
import type { Change } from '../change.ts';
import { encodeChange } from '../codec.ts';
import { MAX_TTL, checkInteger, formatTime } from '../json-fields.ts';

/** Text in which nothing is escaped, neither as a name's label nor in JSON. */
const PLAIN = /^[a-zA-Z0-9_-]+$/;

/** Writes the changes of one commit. */
export class ChangeText {
  #zone: Name | undefined;
  /** `.`, the name of the zone, and all up to the account's name. */
  #behindLabel = '';
  #time: number | undefined;
  #timeText = '';

  /** The text of a change. Throws FieldError as `encodeChange` does. */
  of(change: Change): string {
    return (
      (change.kind === 'host-put' ? this.#host(change.host) : undefined) ??
      JSON.stringify(encodeChange(change))
    );
  }

  /** The text of a host right below its zone that has nothing rare, in a name or otherwise; undefined of any other. */
  #host(host: Host): string | undefined {
    const { name, zone, account, changedAt } = host;
    if (host.blocked || host.prefix !== undefined || host.derived !== undefined || changedAt === null)
      return undefined;
    const length = name.charCodeAt(0);
    if (zone === ROOT || name.length !== zone.length + length + 1 || !name.endsWith(zone)) return undefined;
    const label = name.slice(1, length + 1);
    if (!PLAIN.test(label) || !PLAIN.test(account)) return undefined;
    if (zone !== this.#zone) this.#remember(zone);
    if (changedAt !== this.#time) {
      this.#timeText = formatTime(changedAt);
      this.#time = changedAt;
    }
    const ttl = checkInteger(host.ttl, MAX_TTL, 'host.ttl');
    return (
      `{"kind":"host-put","host":{"name":"${label}${this.#behindLabel}${account}","ttl":${ttl}` +
      `,"ipv4":${addressText(host.ipv4)},"ipv6":${addressText(host.ipv6)}` +
      `,"wildcard":${host.wildcard},"changedAt":"${this.#timeText}"}}`
    );
  }

  #remember(zone: Name): void {
    const text = JSON.stringify(formatName(zone)).slice(1);
    this.#zone = zone;
    this.#behindLabel = `.${text},"zone":"${text},"account":"`;
  }
}

function addressText(address: IpAddress | null): string {
  return address === null ? 'null' : `"${formatIpAddress(address)}"`;
}
