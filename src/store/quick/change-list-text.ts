/**
 * The JSON text of a list of changes as the journal holds it, put together change by change: hosts of one zone that
 * follow each other and changed at the same time become one value (`host-list-codec.ts`), everything else is what
 * `encodeChange` makes of it.
 * Invariants: `Decoder` makes the same changes of the text, in their order; what `encodeChange` refuses is refused.
 */
import type { Host } from '../../account/host.ts';
import { type IpAddress, formatIpAddress } from '../../net/ip-address.ts';
import { type Name, formatName } from '../../zone/name.ts';
import type { Change } from '../change.ts';
import { encodeChange } from '../codec.ts';
import { HOST_LIST_KIND, MOST_LISTED, listedLabel } from '../host-list-codec.ts';
import { MAX_TTL, checkInteger, formatTime } from '../json-fields.ts';

/** The list of hosts that is being written, and the host that was added to it last. */
interface OpenList {
  readonly zone: Name;
  readonly changedAt: number | null;
  account: string;
  ttl: number;
  count: number;
}

const LIST_END = ']}';

/** Writes one list of changes. */
export class ChangeListText {
  #isEmpty = true;
  #open: OpenList | undefined;

  /** The text that one more change adds. Throws FieldError as `encodeChange` does; then nothing more can be added. */
  add(change: Change): string {
    return (change.kind === 'host-put' ? this.#host(change.host) : undefined) ?? this.#alone(change);
  }

  /** The text that ends the list. */
  end(): string {
    return this.#open === undefined ? '' : LIST_END;
  }

  #alone(change: Change): string {
    const text = this.#separator() + JSON.stringify(encodeChange(change));
    this.#open = undefined;
    return text;
  }

  /** The text of a host that may stand in a row; undefined of any other. */
  #host(host: Host): string | undefined {
    const { zone, account, changedAt } = host;
    if (host.blocked || host.wildcard || host.prefix !== undefined || host.derived !== undefined)
      return undefined;
    const label = listedLabel(host.name, zone);
    if (label === undefined) return undefined;
    const ttl = checkInteger(host.ttl, MAX_TTL, 'host.ttl');
    const addresses = `["${label}",${addressText(host.ipv4)},${addressText(host.ipv6)}`;
    const whole = (): string => `${addresses},${JSON.stringify(account)},${ttl}]`;
    const open = this.#open;
    if (open?.zone !== zone || open.changedAt !== changedAt || open.count === MOST_LISTED) {
      const text = this.#separator() + beginning(zone, changedAt) + whole();
      this.#open = { zone, changedAt, account, ttl, count: 1 };
      return text;
    }
    open.count++;
    if (open.account === account && open.ttl === ttl) return `,${addresses}]`;
    open.account = account;
    open.ttl = ttl;
    return `,${whole()}`;
  }

  /** What stands between the value before and the next one. */
  #separator(): string {
    const text = this.#isEmpty ? '' : `${this.end()},`;
    this.#isEmpty = false;
    return text;
  }
}

function beginning(zone: Name, changedAt: number | null): string {
  const time = changedAt === null ? 'null' : `"${formatTime(changedAt)}"`;
  return `{"kind":"${HOST_LIST_KIND}","zone":${JSON.stringify(formatName(zone))},"changedAt":${time},"hosts":[`;
}

function addressText(address: IpAddress | null): string {
  return address === null ? 'null' : `"${formatIpAddress(address)}"`;
}
