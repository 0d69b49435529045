/** Certificates for servers that speak TLS, each but one with one fault. Made anew, by openssl. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What is wrong with a server's TLS; `good` is nothing. */
export type TlsKind = 'good' | 'unknown-root' | 'other-name' | 'expired' | 'version-1.1' | 'none';

/** A certificate with its key, as PEM. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

/** A root that clients are given, and a way to certificates of it. */
export interface Authority {
  /** The file with the root. */
  readonly root: string;
  identity(kind: TlsKind): Identity;
  /** Files of a client's certificate of that root, with an RSA key. */
  client(): { readonly certificate: string; readonly key: string };
}

/** The last one is for what is reached through a proxy. */
const OWN_NAMES = 'DNS:localhost,IP:127.0.0.1,IP:::1,DNS:good.example';
const EC = ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
const RSA = ['rsa:2048'];

/** Whether this machine can make certificates. */
export function canIssue(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    // There is no such program.
    return false;
  }
}

/** Makes a root in a directory; certificates are made once, when they are asked for. */
export function createAuthority(directory: string): Authority {
  mkdirSync(directory, { recursive: true });
  const made = new Map<string, Identity>();
  const file = (name: string): string => join(directory, name);
  const openssl = (...args: readonly string[]): void => {
    execFileSync('openssl', [...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  };
  const createRoot = (name: string): void => {
    const subject = ['-subj', `/CN=Root of a test (${name})`, '-addext', 'basicConstraints=critical,CA:TRUE'];
    const files = ['-keyout', file(`${name}.key`), '-out', file(`${name}.pem`)];
    openssl('req', '-x509', '-newkey', ...EC, '-noenc', ...subject, '-days', '2', ...files);
  };
  /** Makes NAME.pem and NAME.key. */
  const issue = (
    name: string,
    {
      root = 'root',
      key = EC,
      extensions = `subjectAltName=${OWN_NAMES}\nextendedKeyUsage=serverAuth\n`,
      days = '2',
    },
  ): void => {
    writeFileSync(file(`${name}.ext`), extensions);
    const files = ['-keyout', file(`${name}.key`), '-out', file(`${name}.csr`)];
    openssl('req', '-newkey', ...key, '-noenc', '-subj', `/CN=${name}`, ...files);
    const by = ['-CA', file(`${root}.pem`), '-CAkey', file(`${root}.key`), '-CAcreateserial'];
    const out = ['-extfile', file(`${name}.ext`), '-days', days, '-out', file(`${name}.pem`)];
    openssl('x509', '-req', '-in', file(`${name}.csr`), ...by, ...out);
  };
  const issueServer = (kind: TlsKind): Identity => {
    if (kind === 'unknown-root') createRoot('stranger');
    issue(kind, {
      ...(kind === 'unknown-root' ? { root: 'stranger' } : {}),
      ...(kind === 'other-name'
        ? { extensions: 'subjectAltName=DNS:other.example\nextendedKeyUsage=serverAuth\n' }
        : {}),
      ...(kind === 'expired' ? { days: '-1' } : {}),
    });
    return {
      cert: readFileSync(file(`${kind}.pem`), 'utf8'),
      key: readFileSync(file(`${kind}.key`), 'utf8'),
    };
  };
  createRoot('root');
  return {
    root: file('root.pem'),
    identity: (kind) => {
      const known = made.get(kind) ?? issueServer(kind);
      made.set(kind, known);
      return known;
    },
    client: () => {
      issue('client', { key: RSA, extensions: 'extendedKeyUsage=clientAuth\n' });
      return { certificate: file('client.pem'), key: file('client.key') };
    },
  };
}
