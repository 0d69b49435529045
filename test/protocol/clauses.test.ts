/** The document and the tests that cite it stay together: no clause without a test, no citation of nothing. */
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { describe, it } from 'node:test';

const ROOT = new URL('../../', import.meta.url);

async function clausesCited(folder: string): Promise<ReadonlySet<string>> {
  const files = await readdir(new URL(folder, ROOT), { recursive: true });
  const texts = files
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFile(new URL(`${folder}${file}`, ROOT), 'utf8'));
  return new Set((await Promise.all(texts)).flatMap((text) => text.match(/\bD-\d+\.\d+/g) ?? []));
}

async function clausesDefined(): Promise<readonly string[]> {
  const text = await readFile(new URL('docs/protocol/dyndns2.md', ROOT), 'utf8');
  return [...text.matchAll(/^- \*\*(D-\d+\.\d+)\*\*/gm)].map((match) => match[1]!);
}

function missing(expected: ReadonlySet<string>, found: ReadonlySet<string>): string[] {
  return [...expected].filter((clause) => !found.has(clause));
}

describe('docs/protocol/dyndns2.md', () => {
  it('defines each clause once, in order', async () => {
    const defined = await clausesDefined();
    const byNumber = (clause: string): number => {
      const [section = 0, number = 0] = clause.slice(2).split('.').map(Number);
      return section * 1000 + number;
    };
    assert.deepEqual(
      defined,
      [...new Set(defined)].toSorted((a, b) => byNumber(a) - byNumber(b)),
    );
  });

  it('has every clause held by a test, and every citation defined', async () => {
    const defined = new Set(await clausesDefined());
    const inTests = await clausesCited('test/');
    const inSources = await clausesCited('src/');
    assert.deepEqual(missing(defined, inTests), []);
    assert.deepEqual(missing(new Set([...inTests, ...inSources]), defined), []);
  });
});
