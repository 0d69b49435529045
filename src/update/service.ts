/** The one way in for updates of hosts and of their TXT values, whatever dialect they came by. */
import type { RegistrationRequest, RegistrationResult } from './plan-registration.ts';
import type { HostOutcome, RequestOutcome } from './outcome.ts';
import type { UpdateRequest } from './request.ts';
import type { TxtRequest, TxtResult } from './txt/txt.ts';

/** One outcome for each hostname of the request in its order, or one for the request as a whole. */
export type UpdateResult =
  | { readonly kind: 'hosts'; readonly outcomes: readonly HostOutcome[] }
  | Extract<RequestOutcome, { kind: 'no-hostname' | 'too-many-hosts' | 'overloaded' | 'unavailable' }>;

/** Applies update requests. `changed` and `unchanged` are given only once durable and served. */
export interface UpdateService {
  /** Answers at once what changes nothing and waits for nothing. */
  update(request: UpdateRequest): UpdateResult | Promise<UpdateResult>;
  /** Changes TXT values; `changed` and `unchanged` mean the same of them. */
  updateTxt(request: TxtRequest): Promise<TxtResult>;
  /** Makes a host of its own for TXT values alone, and the token that changes it. */
  register(request: RegistrationRequest): Promise<RegistrationResult>;
}
