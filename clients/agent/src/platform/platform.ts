/**
 * What differs between operating systems, behind one interface: places, secrets, events, proxies, interfaces, and who
 * runs. Invariant: no other module asks which system it is on.
 */
import type { Parsed } from '../../../../src/ops/parsed.ts';
import type { SecretPlace } from '../config/agent-config.ts';
import type { InterfaceAddress } from '../detect/interface-address.ts';
import type { SystemProxy } from '../http/proxy.ts';

/** Where things are where nothing else is said. */
export interface Places {
  /** The file of the configuration. */
  readonly config: string;
  /** The directory of the state. */
  readonly state: string;
}

/** The place that only one agent has; `barred` where one cannot know, because it is not this user's to ask. */
export type Hold =
  | { readonly ok: true; readonly release: () => Promise<void> }
  | { readonly ok: false; readonly reason: 'held'; readonly pid: number | undefined }
  | { readonly ok: false; readonly reason: 'barred'; readonly message: string };

/** Who has the place; the number of its process where that is known. */
export interface Holder {
  readonly pid: number | undefined;
}

/** The kinds of the Windows Event Log. */
export type ReportKind = 'information' | 'warning' | 'error';

/** What installs and removes a service. */
export interface ServiceControl {
  install(service: { readonly name: string; readonly agent: string; readonly data: string }): Promise<void>;
  uninstall(name: string): Promise<void>;
}

/** An operating system as the agent needs it. */
export interface Platform {
  readonly system: NodeJS.Platform;
  readonly places: Places;
  /** The log's file in the directory of the state where none is configured; undefined: standard output. */
  readonly logName: string | undefined;
  /** Reads a secret that is kept outside of the configuration; `scratch` is a directory that only the agent may read. */
  readSecret(
    place: Extract<SecretPlace, { kind: 'file' | 'dpapi' }>,
    scratch: string,
  ): Promise<Parsed<string>>;
  /** Writes a secret to a file that only the agent and the administrators may read. */
  writeSecret(secret: string, path: string, scratch: string): Promise<void>;
  /** Writes a file that only the agent and the administrators may read, whole or not at all. */
  writePrivate(text: string, path: string): Promise<void>;
  /** Why a file with a secret in it is open to others, and the command that mends it; undefined where it is not. */
  openToOthers(path: string): string | undefined;
  /** Tells the system's own log of events; nothing where there is none. Never rejects. */
  report(
    event: { readonly id: number; readonly kind: ReportKind; readonly text: string },
    scratch: string,
  ): Promise<void>;
  /** The proxies of the system. */
  proxy(): Promise<SystemProxy>;
  interfaces(signal: AbortSignal): Promise<readonly InterfaceAddress[]>;
  /** Takes the place in the directory of the state, or says who has it. */
  hold(state: string): Promise<Hold>;
  /** Who has the place in a directory; undefined where nobody has it. */
  holder(state: string): Promise<Holder | undefined>;
  /** The services of the system where a program beside the agent manages them. */
  readonly services: ServiceControl | undefined;
  /** The serial number of this machine; undefined where it has none. */
  serial(): Promise<string | undefined>;
}
