/**
 * What every user of a machine can see of its processes while something is installed: command lines, and who may,
 * environments. Invariant: only processes of the test's own prefix are looked at.
 */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { WinePrefix } from './wine-prefix.ts';

/** A process that was seen. */
export interface SeenProcess {
  readonly commandLine: string;
  /** Whether the secret stood in its command line or its environment. */
  readonly shows: boolean;
}

const LOOK_MS = 20;

/** Looks at all processes of the prefix until `end` is called, which returns those that were seen. */
export function watchCommandLines(
  prefix: WinePrefix,
  secret: string,
): { readonly end: () => readonly SeenProcess[] } {
  const seen = new Map<string, SeenProcess>();
  const mark = dirname(prefix.drive);
  const timer = setInterval(() => {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      try {
        const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
        if (!environment.includes(mark)) continue;
        const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        const shows = `${commandLine}${environment}`.includes(secret);
        seen.set(`${pid} ${commandLine}`, { commandLine, shows });
      } catch {
        // It ended in between, or is not ours to look at.
      }
    }
  }, LOOK_MS);
  return {
    end: () => {
      clearInterval(timer);
      return [...seen.values()];
    },
  };
}

/** The agent's command was seen, and nobody showed the secret but the one who was given it by the administrator. */
export function assertKeptSecret(seen: readonly SeenProcess[], command: RegExp): void {
  const lines = seen.map(({ commandLine }) => commandLine);
  assert.ok(
    lines.some((line) => line.includes('homing-agent.exe') && command.test(line)),
    lines.join('\n'),
  );
  for (const { commandLine, shows } of seen)
    if (!/msiexec(\.exe)? \/i /.test(commandLine)) assert.ok(!shows, commandLine);
}
