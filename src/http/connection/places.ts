/**
 * Things that are there for a while, many of which pass through. Not a Set: one through which many pass grows a new
 * table now and then, and each table that was left behind keeps the next one, and all that was in it, in memory until
 * the next full collection.
 * Invariant: a place belongs to what was added last under it, until that is removed.
 */
export class Places<T extends object> {
  readonly #places: (T | undefined)[] = [];
  readonly #free: number[] = [];

  /** Adds a thing and returns its place. */
  add(thing: T): number {
    const place = this.#free.pop() ?? this.#places.length;
    this.#places[place] = thing;
    return place;
  }

  /** Frees a place. */
  remove(place: number): void {
    this.#places[place] = undefined;
    this.#free.push(place);
  }

  /** All that are there. */
  all(): readonly T[] {
    return this.#places.filter((thing) => thing !== undefined);
  }
}
