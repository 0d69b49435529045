/**
 * Values by name, of a list with up to millions of names. In many maps, because one with a million entries holds up
 * everybody for a tenth of a second when it grows.
 */
import type { Name } from '../../zone/name.ts';

const SHARDS = 256;

/** A map by names that never pauses. */
export class NameMap<V extends true | number> {
  readonly #shards = Array.from({ length: SHARDS }, () => new Map<Name, V>());

  has(name: Name): boolean {
    return this.#shardOf(name).has(name);
  }

  /** Enters a value where the name has none; else the value that it has. */
  add(name: Name, value: V): V | undefined {
    const shard = this.#shardOf(name);
    const before = shard.get(name);
    if (before === undefined) shard.set(name, value);
    return before;
  }

  #shardOf(name: Name): Map<Name, V> {
    let hash = 0;
    for (let i = 0; i < name.length; i++) hash = (Math.imul(hash, 31) + name.charCodeAt(i)) | 0;
    return this.#shards[hash & (SHARDS - 1)]!;
  }
}
