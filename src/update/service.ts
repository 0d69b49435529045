/** The one way in for updates of hosts, whatever dialect they came by. */
import type { HostOutcome, RequestOutcome } from './outcome.ts';
import type { UpdateRequest } from './request.ts';

/** One outcome for each hostname of the request in its order, or one for the request as a whole. */
export type UpdateResult =
  | { readonly kind: 'hosts'; readonly outcomes: readonly HostOutcome[] }
  | Extract<RequestOutcome, { kind: 'no-hostname' | 'too-many-hosts' | 'overloaded' | 'unavailable' }>;

/** Applies update requests. `changed` and `unchanged` are given only once durable and served. */
export interface UpdateService {
  /** Answers at once what changes nothing and waits for nothing. */
  update(request: UpdateRequest): UpdateResult | Promise<UpdateResult>;
}
