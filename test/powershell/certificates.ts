/** Certificates for the faults of TLS that the transcripts name, made by openssl in a folder of the test's own. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A certificate with its key, in PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** The certificates of a test. */
export interface Certificates {
  /** The root that an agent is given. */
  readonly rootPath: string;
  readonly good: KeyPair;
  readonly otherName: KeyPair;
  readonly expired: KeyPair;
  readonly unknownRoot: KeyPair;
  /** Of a client, signed by the root. */
  readonly clientPaths: { readonly certificate: string; readonly key: string };
}

/** Whether they can be made here. */
export function canIssue(): boolean {
  return spawnSync('openssl', ['version']).status === 0;
}

/** Makes them below a folder. */
export function issueCertificates(folder: string): Certificates {
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  };
  const root = (name: string): void => {
    openssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.pem`,
      '-days',
      '2',
      '-subj',
      `/CN=${name}`,
    );
  };
  const leaf = (
    name: string,
    { issuer = 'root', san = 'IP:127.0.0.1,DNS:good.example', days = '2' } = {},
  ): KeyPair => {
    openssl(
      'req',
      '-new',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
      '-subj',
      `/CN=${name}`,
    );
    writeFileSync(join(folder, `${name}.ext`), `subjectAltName=${san}\n`);
    openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      `${issuer}.pem`,
      '-CAkey',
      `${issuer}.key`,
      '-CAcreateserial',
      '-days',
      days,
      '-extfile',
      `${name}.ext`,
      '-out',
      `${name}.pem`,
    );
    return {
      cert: readFileSync(join(folder, `${name}.pem`), 'utf8'),
      key: readFileSync(join(folder, `${name}.key`), 'utf8'),
    };
  };
  root('root');
  root('stranger');
  leaf('client', { san: 'DNS:client.example' });
  return {
    rootPath: join(folder, 'root.pem'),
    good: leaf('good'),
    otherName: leaf('other-name', { san: 'DNS:another.example' }),
    expired: leaf('expired', { days: '-1' }),
    unknownRoot: leaf('unknown-root', { issuer: 'stranger' }),
    clientPaths: { certificate: join(folder, 'client.pem'), key: join(folder, 'client.key') },
  };
}
