/** What this program calls itself. */
import pkg from '../../../package.json' with { type: 'json' };

/** The version of the package that the agent belongs to. */
export const VERSION: string = pkg.version;

/** `Homing-Agent/VERSION (IMPLEMENTATION; PLATFORM)`. */
export function userAgent(platform: NodeJS.Platform): string {
  const names: Partial<Record<NodeJS.Platform, string>> = {
    win32: 'Windows',
    linux: 'Linux',
    darwin: 'macOS',
  };
  return `Homing-Agent/${VERSION} (TypeScript; ${names[platform] ?? platform})`;
}
