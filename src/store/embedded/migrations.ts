/**
 * The versions of the stored format and the way from each to the next.
 * Invariant: what a version has once written stays readable: a change of the format raises `version` and adds the
 * migration from the version before; a newer version is refused, never guessed at.
 */
import { StoreError } from '../store.ts';

/** The next version after `from` only added what that one did not know: all that it wrote is as it stays. */
export interface Addition {
  readonly from: number;
  readonly isAddition: true;
}

/** The way from version `from` to the next, one JSON value at a time; each may become none, one or several. */
export interface Migration {
  readonly from: number;
  readonly isAddition?: false;
  /** Of a snapshot: a thing and its section. */
  entity(section: string, value: unknown): readonly (readonly [section: string, value: unknown])[];
  /** Of a journal: a change, or a list of hosts (`host-list-codec.ts`). */
  change(value: unknown): readonly unknown[];
}

/** The version that is written, and the ways to it. */
export interface FormatHistory {
  readonly version: number;
  readonly migrations: readonly (Migration | Addition)[];
}

/** The history of Homing's own format. Version 2 writes hosts that are put together as one value of a journal. */
export const FORMAT: FormatHistory = { version: 2, migrations: [{ from: 1, isAddition: true }] };

/** Brings what one file of an older version holds to the current one. */
export class Upgrade {
  readonly #steps: readonly Migration[];

  /** Throws StoreError `too-new` or, for a version that never was, `corrupt`; `file` is named in the message. */
  constructor(version: number, file: string, history: FormatHistory = FORMAT) {
    if (version > history.version) {
      throw new StoreError(
        'too-new',
        `${file} has format version ${version}, and this Homing knows up to ${history.version}. ` +
          'Start the version of Homing that wrote it, or a later one; nothing was changed.',
      );
    }
    const steps: Migration[] = [];
    for (let at = version; at < history.version; at++) {
      const step = history.migrations.find((migration) => migration.from === at);
      if (step === undefined) {
        throw new StoreError('corrupt', `${file} says it has format version ${version}, which never was one`);
      }
      if (step.isAddition !== true) steps.push(step);
    }
    this.#steps = steps;
  }

  /** Whether everything is as it stays. */
  get isNone(): boolean {
    return this.#steps.length === 0;
  }

  /** The current form of a snapshot's thing. */
  entity(section: string, value: unknown): readonly (readonly [section: string, value: unknown])[] {
    let entities: readonly (readonly [string, unknown])[] = [[section, value]];
    for (const step of this.#steps) entities = entities.flatMap((entity) => step.entity(...entity));
    return entities;
  }

  /** The current form of a journal's changes. */
  changes(values: readonly unknown[]): readonly unknown[] {
    let changes = values;
    for (const step of this.#steps) changes = changes.flatMap((change) => step.change(change));
    return changes;
  }
}
