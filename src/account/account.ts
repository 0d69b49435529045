/** Who owns hosts. Invariant: an account's name is unique, lower-case, and safe in an HTTP Basic user field. */

/** A person or device owner who may log in. */
export interface Account {
  readonly name: string;
  /** bcrypt hash (`$2b$…`), or null where only tokens may act for the account. */
  readonly passwordHash: string | null;
  readonly admin: boolean;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

const NAME = /^[a-z0-9](?:[a-z0-9._@+-]{0,62}[a-z0-9])?$/;

/** The account name in canonical form, or undefined: 1 to 64 of letters, digits and `._@+-`, no colon (RFC 7617 §2). */
export function parseAccountName(text: string): string | undefined {
  const name = text.toLowerCase();
  return NAME.test(name) ? name : undefined;
}
