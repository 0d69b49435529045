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
}

const OWN_NAMES = 'DNS:localhost,IP:127.0.0.1,IP:::1';

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
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc'];
    const files = ['-keyout', file(`${name}.key`), '-out', file(`${name}.pem`)];
    openssl('req', '-x509', ...curve, ...subject, '-days', '2', ...files);
  };
  const issue = (kind: TlsKind): Identity => {
    const root = kind === 'unknown-root' ? 'stranger' : 'root';
    if (kind === 'unknown-root') createRoot(root);
    const names = kind === 'other-name' ? 'DNS:other.example' : OWN_NAMES;
    writeFileSync(file(`${kind}.ext`), `subjectAltName=${names}\nextendedKeyUsage=serverAuth\n`);
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc'];
    openssl(
      'req',
      ...curve,
      '-subj',
      '/CN=server',
      '-keyout',
      file(`${kind}.key`),
      '-out',
      file(`${kind}.csr`),
    );
    const days = kind === 'expired' ? '-1' : '2';
    const by = ['-CA', file(`${root}.pem`), '-CAkey', file(`${root}.key`), '-CAcreateserial'];
    const out = ['-extfile', file(`${kind}.ext`), '-days', days, '-out', file(`${kind}.pem`)];
    openssl('x509', '-req', '-in', file(`${kind}.csr`), ...by, ...out);
    return {
      cert: readFileSync(file(`${kind}.pem`), 'utf8'),
      key: readFileSync(file(`${kind}.key`), 'utf8'),
    };
  };
  createRoot('root');
  return {
    root: file('root.pem'),
    identity: (kind) => {
      const known = made.get(kind) ?? issue(kind);
      made.set(kind, known);
      return known;
    },
  };
}
