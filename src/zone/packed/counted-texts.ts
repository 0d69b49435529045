/**
 * Texts that many things share, by number: accounts and labels of tokens,
 * agents of attempts.
 * Invariant: a text has one number for as long as it is taken more often than it is released; a number that is free is
 * given to another text.
 */

/** The texts that are in use. */
export class CountedTexts {
  readonly #texts: string[] = [];
  readonly #uses: number[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #free: number[] = [];

  /** The number of a text, which is used once more from now on. */
  take(text: string): number {
    const number = this.#numbers.get(text) ?? this.#add(text);
    this.#uses[number]!++;
    return number;
  }

  /** Ends one use of a text. */
  release(number: number): void {
    if (--this.#uses[number]! > 0) return;
    this.#numbers.delete(this.#texts[number]!);
    this.#texts[number] = '';
    this.#free.push(number);
  }

  /** The number of a text that is in use; -1 where it is not. */
  find(text: string): number {
    return this.#numbers.get(text) ?? -1;
  }

  /** The text of a number that is in use. */
  at(number: number): string {
    return this.#texts[number]!;
  }

  #add(text: string): number {
    const number = this.#free.pop() ?? this.#texts.length;
    this.#texts[number] = text;
    this.#uses[number] = 0;
    this.#numbers.set(text, number);
    return number;
  }
}
