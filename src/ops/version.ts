/** The version of this program, as its package says. */
import { readFileSync } from 'node:fs';

/** The version in `package.json`, which lies one folder above the sources and above the compiled program alike. */
export function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(text) as { version: string };
  return version;
}
