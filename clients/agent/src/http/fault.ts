/** Which kind of failure an error of the network is (A-4.3). Invariant: the words hold no header and no body. */

/** What went wrong below HTTP. */
export type FaultCode = 'network' | 'tls' | 'timeout' | 'proxy';

/** A failure in words. */
export interface Fault {
  readonly code: FaultCode;
  readonly words: string;
}

const TIMEOUTS = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ETIMEDOUT',
]);
const TLS =
  /^(ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH|ERR_OSSL_|EPROTO)/;

const WORDS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'The name of the server is not known.',
  EAI_AGAIN: 'The name of the server could not be looked up.',
  ECONNREFUSED: 'The server refuses the connection.',
  ECONNRESET: 'The connection was reset.',
  EHOSTUNREACH: 'There is no way to the server.',
  ENETUNREACH: 'There is no network.',
  UND_ERR_SOCKET: 'The connection was closed before the answer was whole.',
  CERT_HAS_EXPIRED: 'The certificate of the server has expired.',
  ERR_TLS_CERT_ALTNAME_INVALID: 'The certificate is that of another name.',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'The certificate is signed by itself; name its root with ca.',
  SELF_SIGNED_CERT_IN_CHAIN: 'The root of the certificate is not known; name it with ca.',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'The root of the certificate is not known; name it with ca.',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'The root of the certificate is not known; name it with ca.',
};

/** The failure that an error of a request is. */
export function describeFault(error: unknown): Fault {
  const chain = causesOf(error);
  const codes = chain.map(({ code }) => code).filter((code) => code !== undefined);
  if (chain.some(({ name }) => name === 'TimeoutError') || codes.some((code) => TIMEOUTS.has(code)))
    return { code: 'timeout', words: 'The server did not answer in time.' };
  if (chain.some(({ message }) => /proxy (response|authentication)/i.test(message)))
    return { code: 'proxy', words: proxyWords(chain.map(({ message }) => message).join(' ')) };
  const known = codes.find((code) => WORDS[code] !== undefined) ?? codes[0];
  const words = WORDS[known ?? ''] ?? `The request failed (${known ?? 'unknown'}).`;
  return { code: codes.some((code) => TLS.test(code)) ? 'tls' : 'network', words };
}

function proxyWords(message: string): string {
  const status = /\((\d{3})\)/.exec(message)?.[1];
  return status === '407'
    ? 'The proxy wants a user and password.'
    : `The proxy does not let the request through${status === undefined ? '' : ` (status ${status})`}.`;
}

interface Cause {
  readonly name: string;
  readonly code: string | undefined;
  readonly message: string;
}

/** The error and what caused it, with the parts of an AggregateError. */
function causesOf(error: unknown, depth = 0): Cause[] {
  if (!(error instanceof Error) || depth > 5) return [];
  const { code } = error as NodeJS.ErrnoException;
  const parts = error instanceof AggregateError ? error.errors : [];
  return [
    { name: error.name, code: typeof code === 'string' ? code : undefined, message: error.message },
    ...[error.cause, ...(parts as unknown[])].flatMap((cause) => causesOf(cause, depth + 1)),
  ];
}
