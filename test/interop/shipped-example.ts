/** The examples of `clients/examples`, as a user fills them in: every mark replaced, nothing else touched. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The folder of the examples. */
export const EXAMPLES = join(import.meta.dirname, '..', '..', 'clients', 'examples');

/** What stands for the marks. */
export interface ExampleValues {
  readonly server: string;
  readonly account: string;
  readonly token: string;
  readonly hostname: string;
}

/** The text of an example with these values. Throws where it lacks a mark, or has one that is not documented. */
export function filledExample(file: string, values: ExampleValues): string {
  let text = readFileSync(join(EXAMPLES, file), 'utf8');
  for (const [name, value] of Object.entries(values)) {
    const mark = `__${name.toUpperCase()}__`;
    if (!text.includes(mark)) throw new Error(`${file} lacks ${mark}`);
    text = text.replaceAll(mark, value as string);
  }
  const left = /__[A-Z]+__/.exec(text);
  if (left !== null) throw new Error(`${file} has the unknown mark ${left[0]}`);
  return text;
}
