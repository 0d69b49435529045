/** What a look around finds each second: files that changed, interfaces that changed, time that jumped. */
import { networkInterfaces } from 'node:os';
import { type Moment, passageBetween } from '../schedule/moment.ts';
import { fingerprintFiles } from './setup.ts';

/** What has changed since the look before. */
export interface Changes {
  readonly woke: boolean;
  readonly interfaces: boolean;
  readonly files: boolean;
}

/** A look around, again and again. */
export interface Watch {
  look(now: Moment): Changes;
  /** Looks at these files from now on. */
  follow(files: readonly string[]): void;
}

/** Begins to watch. `tickMs` is the time between two looks. */
export function createWatch(files: readonly string[], now: Moment, tickMs: number): Watch {
  let followed = files;
  let last = now;
  let filesSeen = fingerprintFiles(files);
  let interfacesSeen = fingerprintInterfaces();
  return {
    look: (moment) => {
      const woke = passageBetween(last, moment, tickMs) === 'woke';
      last = moment;
      const [filesNow, interfacesNow] = [fingerprintFiles(followed), fingerprintInterfaces()];
      const changes = { woke, interfaces: interfacesNow !== interfacesSeen, files: filesNow !== filesSeen };
      filesSeen = filesNow;
      interfacesSeen = interfacesNow;
      return changes;
    },
    follow: (next) => {
      followed = next;
      filesSeen = fingerprintFiles(next);
    },
  };
}

/** The addresses of this machine's interfaces, in an order that does not matter. */
function fingerprintInterfaces(): string {
  return Object.entries(networkInterfaces())
    .flatMap(([name, entries = []]) =>
      entries.filter(({ internal }) => !internal).map(({ cidr, address }) => `${name} ${cidr ?? address}`),
    )
    .sort()
    .join('\n');
}
