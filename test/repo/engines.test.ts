/** The oldest Node that the package says it runs on: every dependency agrees, and every document says the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownFiles, readText } from './source.ts';

interface Manifest {
  readonly engines?: { readonly node?: string };
  readonly [dependencies: `${string}ependencies`]: Readonly<Record<string, string>> | undefined;
}

const manifest = JSON.parse(readText('package.json')) as Manifest;
const oldest = /^>=(\d+\.\d+)$/.exec(manifest.engines!.node!)![1]!;

test('every dependency runs on the oldest Node that the package names', () => {
  const names = (['dependencies', 'optionalDependencies', 'devDependencies'] as const).flatMap((kind) =>
    Object.keys(manifest[kind] ?? {}),
  );
  assert.ok(names.includes('undici'), 'what is bundled into the agent is among them');
  const refused = names.flatMap((name) => {
    const range = (JSON.parse(readText(`node_modules/${name}/package.json`)) as Manifest).engines?.node;
    return range === undefined || takes(range, oldest) ? [] : [`${name} wants ${range}`];
  });
  assert.deepEqual(refused, []);
});

test('documents name that Node where they name one', () => {
  const named = [
    'README.md',
    'CONTRIBUTING.md',
    ...ownFiles().filter((path) => path.endsWith('.md')),
  ].flatMap((path) =>
    Array.from(readText(path).matchAll(/\bNode (\d+\.\d+) or (?:later|newer)/g), ([, version]) => [
      path,
      version,
    ]),
  );
  assert.ok(named.length >= 2);
  for (const [path, version] of named) assert.equal(version, oldest, path);
});

test('ranges are read as npm reads them', () => {
  for (const [range, version, taken] of [
    ['>=22.19.0', '22.18', false],
    ['>=22.19.0', '22.19', true],
    ['>= 14.6', '22.19', true],
    ['^20.19.0 || ^22.20.0 || >=24', '22.19', false],
    ['^20.19.0 || ^22.13.0 || >=24', '22.19', true],
    ['18 || 22.x', '22.19', true],
    ['>=20.x <23', '22.19', true],
    ['>=20 <22', '22.19', false],
  ] as const)
    assert.equal(takes(range, version), taken, range);
});

/** Whether a range of npm takes a version; throws where the range is written in a way that is not known here. */
function takes(range: string, version: string): boolean {
  const one = weigh(version);
  return range.split('||').some((alternative) =>
    alternative
      .trim()
      .replace(/([<>=^])\s+/g, '$1')
      .split(/\s+/)
      .every((comparator) => {
        const [, sign, text] = /^(>=|<|\^|)(\d+[\d.x]*)$/.exec(comparator) ?? [];
        assert.ok(sign !== undefined && text !== undefined, `the range ${range} cannot be read`);
        const bound = weigh(text);
        if (sign === '>=') return one >= bound;
        if (sign === '<') return one < bound;
        const sameMajor = Math.floor(one / 1e6) === Math.floor(bound / 1e6);
        return sameMajor && one >= bound;
      }),
  );
}

/** `22.19.3` as a number that compares as versions do; what is missing or `x` counts as 0. */
function weigh(version: string): number {
  const [major = 0, minor = 0, patch = 0] = version
    .split('.')
    .map((part) => (part === 'x' ? 0 : Number(part)));
  return major * 1e6 + minor * 1e3 + patch;
}
