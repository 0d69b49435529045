/**
 * A client that cannot be run here, as its makers wrote it: the bytes it sends, and its rule for reading the reply.
 * Invariant: a judge knows what the client knows of a reply and nothing else, so that a change which would break the
 * client changes the verdict.
 */
import { type Reply, basic } from '../site.ts';

/** What the client makes of a reply: as wished; an error after which it tries again; the end until somebody acts. */
export type Verdict = 'accepted' | 'tries again' | 'gives up';

/** What a server can have to say. */
export type Situation = 'good' | 'nochg' | 'badauth' | 'nohost' | '911';

/** The values that the client puts into its requests. */
export interface Values {
  readonly hostname: string;
  readonly ipv4: string;
  readonly ipv6: string;
  readonly user: string;
  readonly password: string;
  /** The header of its credentials with CRLF; empty before a client that waits to be asked was asked. */
  readonly auth: string;
}

/** A further request of the client's, and what DNS has for the host afterwards. */
export interface Exchange {
  readonly what: string;
  request(values: Values): string;
  /** Default: that of the values. */
  readonly ipv4?: string;
  /** Default: none. */
  readonly ipv6?: string;
}

/** One client. */
export interface Client {
  readonly name: string;
  /** The recipe that is for it. */
  readonly device?: string;
  /** Its rule, for the document. */
  readonly rule: string;
  /** Whether it sends credentials only after a challenge. */
  readonly waitsForChallenge?: boolean;
  /** What it makes of each situation; what is not as one would wish stands in the document. */
  readonly reads: Readonly<Record<Situation, Verdict>>;
  judge(reply: Reply, values: Values): Verdict;
  /** Its usual request; DNS has the IPv4 address of the values afterwards, or that of `publishes`. */
  request(values: Values): string;
  /** The IPv4 address that is published where the client sends none. */
  readonly publishes?: string;
  /** In this order, to one server. */
  readonly exchanges?: readonly Exchange[];
}

/** The readings of a client that sees every failure for what it is and goes on. */
export const SOUND: Client['reads'] = {
  good: 'accepted',
  nochg: 'accepted',
  badauth: 'tries again',
  nohost: 'tries again',
  '911': 'tries again',
};

/** The readings of a client that looks at the status alone, and so takes an unknown host for a success. */
export const STATUS_ALONE: Client['reads'] = { ...SOUND, nohost: 'accepted' };

/** Values with credentials that are right unless others are given. */
export function valuesWith(changes: Partial<Values> = {}): Values {
  const { user = 'alice', password = 's3cret' } = changes;
  return {
    hostname: 'home.example.test',
    ipv4: '198.51.100.7',
    ipv6: '2001:db8::7',
    user,
    password,
    auth: basic(user, password),
    ...changes,
  };
}

/** `accepted` where it is so, `tries again` where not. */
export function acceptedIf(isAccepted: boolean): Verdict {
  return isAccepted ? 'accepted' : 'tries again';
}

/** Whether a status is from 200 to 299. */
export function isSuccess({ status }: Reply): boolean {
  return status >= 200 && status < 300;
}
