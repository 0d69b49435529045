/**
 * Texts of which there are few and that many things share, by number.
 * Invariant: a text has one number for ever, so only texts that nobody outside can make more of are put here.
 */

/** The texts. One that nobody uses any more keeps its number. */
export class SharedTexts {
  readonly #texts: string[] = [];
  readonly #numbers = new Map<string, number>();

  /** The number of a text, for which `at` gives it back. */
  numberOf(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    this.#numbers.set(text, this.#texts.length);
    return this.#texts.push(text) - 1;
  }

  at(number: number): string {
    return this.#texts[number]!;
  }
}
