/** What the HTTP side needs of a log. Invariant: no secret, query or body is ever among the fields. */

/** Structured lines: fields first, then the message, as pino takes them. */
export interface HttpLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
