/** Who is acting, once it has been proved. Every surface resolves its credentials to one of these. */
import type { Name } from '../zone/name.ts';

/** The one acting: an account by its password, a device by its token, or the operator at the machine itself. */
export type Principal =
  | { readonly kind: 'account'; readonly account: string; readonly admin: boolean }
  | {
      readonly kind: 'token';
      readonly account: string;
      readonly tokenId: string;
      /** The hosts the token is limited to; null for all hosts of its account. */
      readonly hosts: ReadonlySet<Name> | null;
    }
  | { readonly kind: 'operator' };

/** A device by its token. */
export type TokenPrincipal = Extract<Principal, { kind: 'token' }>;
