/** YAML in the module: the transcripts line by line, and texts made at random, which it reads as the library or refuses. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { parseDocument, stringify } from 'yaml';
import { readCases } from '../../clients/scripted/reply.ts';
import { buildHost, quote, startEngine } from '../engine.ts';

const host = await buildHost();
const skip = 'skip' in host ? host.skip : false;
const engine = 'path' in host ? await startEngine(host.path) : undefined;
const folder = mkdtempSync(join(tmpdir(), 'homing-yaml-'));
after(async () => {
  await engine?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** What came of a text: a value, or the words of the refusal. */
type Read = { readonly value: unknown } | { readonly refused: string };

/** Has the module read many texts in one go. */
async function readAll(texts: readonly string[]): Promise<readonly Read[]> {
  const file = join(folder, 'texts.json');
  writeFileSync(file, JSON.stringify(texts));
  const read = (await engine!.ask(`
    $results = foreach ($text in (ConvertFrom-HomingJson ([IO.File]::ReadAllText(${quote(file)})))) {
      try { @{ value = ConvertTo-HomingJson (ConvertFrom-HomingYaml $text) } }
      catch {
        $fault = $_.Exception.GetBaseException()
        @{ refused = "$(if ($fault -isnot [FormatException]) { $fault.GetType().FullName })$($fault.Message)" }
      }
    }
    , @($results)`)) as readonly { readonly value?: string; readonly refused?: string }[];
  return read.map(({ value, refused }) =>
    value === undefined ? { refused: refused! } : { value: plain(JSON.parse(value)) },
  );
}

/** What the library makes of a text. */
function readByLibrary(text: string): Read {
  const document = parseDocument(text, { prettyErrors: false, logLevel: 'error' });
  if (document.errors.length > 0) return { refused: document.errors[0]!.code };
  try {
    return { value: plain(document.toJS({ maxAliasCount: 100 })) };
  } catch (error) {
    return { refused: String(error) };
  }
}

/** JSON knows no -0. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value)) as unknown;
}

test(
  'A-5.5: every text of the transcripts has its value, or is refused with its line',
  { skip },
  async () => {
    const cases = readCases('configurations.jsonl');
    assert.ok(cases.length > 70);
    const read = await readAll(cases.map(({ text }) => text));
    for (const [at, { name, expect, refused, outside }] of cases.entries()) {
      const line = refused ?? outside;
      const got = read[at]!;
      if (line === undefined) assert.deepEqual(got, { value: expect }, name);
      else
        assert.match(
          'refused' in got ? got.refused : '',
          new RegExp(`^line ${line}: `),
          `${name}: ${JSON.stringify(got)}`,
        );
    }
  },
);

test('A-5.5: what is too deep or too long is refused', { skip }, async () => {
  const deep = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
  const dashes = (depth: number): string => `${'- '.repeat(depth)}a`;
  const keys = (depth: number): string =>
    Array.from({ length: depth }, (_, at) => `${' '.repeat(at)}a:\n`).join('') + `${' '.repeat(depth)}b`;
  const texts = [deep, dashes, keys].flatMap((make) => [make(30), make(40), make(1000)]);
  const read = await readAll([...texts, '#'.repeat(5_000_000)]);
  for (const at of [0, 3, 6]) {
    assert.deepEqual(read[at], readByLibrary(texts[at]!));
    for (const more of [1, 2]) assert.match(JSON.stringify(read[at + more]), /line \d+: nested too deep/);
  }
  assert.deepEqual(read.at(-1), { refused: 'longer than 4 MB' });
});

/** Without what the library prints outside of the subset: control characters as they are, and tabs in plain texts. */
const text = fc.oneof(
  fc
    .string({ unit: 'binary', maxLength: 12 })
    .filter((made) => !/[\t\x7f-\x9f\ufeff\ufffe\uffff]/.test(made)),
  fc.string({ unit: fc.constantFrom(...Array.from(`ab1 -:#'"\\,[]{}&*!|>?%@\`~.\nné`)), maxLength: 8 }),
  fc.constantFrom(
    'null',
    'True',
    '1',
    '-1.5',
    '.inf',
    '0x1f',
    '1e3',
    'yes',
    '---',
    '- a',
    'a: b',
    'a #b',
    '=',
    'https://x.y/z',
  ),
);
const key = text.filter((made) => made !== '<<' && made !== '__proto__');
const number = fc
  .oneof(fc.integer(), fc.maxSafeInteger(), fc.double({ noNaN: true, noDefaultInfinity: true }))
  .filter((made) => Number.isSafeInteger(made) || !/^-?\d+$/.test(String(made)));
const value = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.oneof(text, number, fc.boolean(), fc.constant(null)),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;
/** A value as YAML: block by block, in brackets, or as JSON, as which a text with a line break stays on one line. */
const printed = fc
  .tuple(value, fc.constantFrom('any', 'flow', 'json' as const), fc.boolean(), fc.boolean())
  .map(([made, collectionStyle, indentSeq, singleQuote]) => ({
    made,
    text:
      collectionStyle === 'json' || JSON.stringify(made).includes('\\n')
        ? JSON.stringify(made)
        : stringify(made, { collectionStyle, indentSeq, singleQuote, lineWidth: 0, blockQuote: false }),
  }));

test('A-5.5: what the library prints is read as what it was', { skip }, async () => {
  const made = fc.sample(printed, 400);
  const read = await readAll(made.map((one) => one.text));
  for (const [at, one] of made.entries())
    assert.deepEqual(read[at], { value: plain(one.made) }, JSON.stringify(one.text));
});

const PIECES = [
  ...[
    ': ',
    ':',
    '- ',
    '-',
    ' ',
    '  ',
    '\n',
    '\n  ',
    '\n    ',
    '\n- ',
    '\r\n',
    '\t',
    '#',
    ' # c',
    '"',
    "'",
    '""',
  ],
  ...[
    '[',
    ']',
    '{',
    '}',
    ',',
    ', ',
    '? ',
    '&a ',
    '*a',
    '!t ',
    '|',
    '>-\n',
    '\\',
    '\\x41',
    '---\n',
    '...\n',
    '%',
    '@',
  ],
  ...[
    'a',
    'a: ',
    'b: 1\n',
    '{a: 1}',
    '[a, ]',
    '~',
    '0',
    '1.',
    'e1',
    '\u00a0',
    '\u2028',
    '<<: ',
    'null',
    '.nan',
  ],
];
const mutated = fc
  .tuple(
    fc.oneof(
      printed.map((one) => one.text),
      fc.array(fc.constantFrom(...PIECES), { maxLength: 9 }).map((pieces) => pieces.join('')),
    ),
    fc.array(fc.tuple(fc.nat(), fc.nat(2), fc.constantFrom('', ...PIECES)), { maxLength: 3 }),
  )
  .map(([whole, edits]) =>
    edits.reduce((now, [place, less, more]) => {
      const at = place % (now.length + 1);
      return now.slice(0, at) + more + now.slice(at + less);
    }, whole),
  );

test(
  'A-5.5: a text of any kind is read as by the library, or refused, and no value is told',
  { skip },
  async () => {
    const texts = fc.sample(mutated, 800);
    const read = await readAll(texts);
    let taken = 0;
    for (const [at, one] of texts.entries()) {
      const got = read[at]!;
      if ('refused' in got) assert.match(got.refused, /^line \d+: /, JSON.stringify(one));
      else {
        taken += 1;
        assert.deepEqual(got, readByLibrary(one), JSON.stringify(one));
      }
    }
    assert.ok(taken > 100 && taken < 750, `${taken} of ${texts.length} were taken`);
  },
);
