/** What the documents promise about the repository: their links lead somewhere, their lists are complete. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join, posix } from 'node:path';
import { test } from 'node:test';
import { ROOT, filesBelow, ownFiles, readText } from './source.ts';

interface Manifest {
  readonly version: string;
  readonly scripts: Readonly<Record<string, string>>;
  readonly engines: { readonly node: string };
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(readText('package.json')) as Manifest;
const packages = { ...manifest.dependencies, ...manifest.optionalDependencies, ...manifest.devDependencies };
const documents = [...readdirSync(ROOT), ...ownFiles()].filter((path) => path.endsWith('.md'));

test('relative links in documents lead to files, and their anchors to headings', () => {
  const broken = documents.flatMap((document) =>
    linksOf(document).flatMap((link) => {
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? document : posix.join(posix.dirname(document), path);
      if (!existsSync(join(ROOT, target))) return [`${document}: ${link}`];
      if (anchor === undefined || !target.endsWith('.md')) return [];
      return anchorsOf(target).has(anchor) ? [] : [`${document}: no heading for ${link}`];
    }),
  );
  assert.deepEqual(broken, []);
});

test('every dependency has its reason in docs/design/dependencies.md, and nothing else has', () => {
  const rows = [...readText('docs/design/dependencies.md').matchAll(/^\| `([^`]+)` *\| *(\S.*?) *\|$/gm)];
  assert.deepEqual(rows.map(([, name]) => name).sort(), Object.keys(packages).sort());
});

test('every dependency is pinned to one version', () => {
  const loose = Object.entries(packages).filter(
    ([, version]) => !/^\d+\.\d+\.\d+(?:-[a-z0-9.]+)?$/.test(version),
  );
  assert.deepEqual(loose, []);
});

test('npm scripts named in documents and in .ci/run exist', () => {
  const named = [...documents, '.ci/run'].flatMap((path) =>
    [...readText(path).matchAll(/\bnpm run (?:-\S+ )*([a-z][\w:-]*)/g)].map(([, script]) => ({
      path,
      script: script!,
    })),
  );
  assert.ok(named.length > 5, 'the documents name npm scripts');
  assert.deepEqual(
    named.filter(({ script }) => !Object.hasOwn(manifest.scripts, script)),
    [],
  );
});

test('the README names the commands that start, test and check', () => {
  const readme = readText('README.md');
  for (const command of ['npm ci && npm start', 'npm ci && npm test', 'npm run check'])
    assert.ok(readme.includes(command), `README.md says ${command}`);
});

test('.ci/run runs the test command of the README', () => {
  assert.match(readText('.ci/run'), /^npm test$/m);
  assert.match(readText('.ci/run'), /^npm ci$/m);
});

test('the changelog has a section for the version of the package', () => {
  assert.match(
    readText('CHANGELOG.md'),
    new RegExp(`^## ${manifest.version.replaceAll('.', '\\.')}\\b`, 'm'),
  );
});

test('every design and operations document is listed in the overview of its folder', () => {
  const listed = new Set(linksOf('docs/design/README.md').map((link) => posix.join('docs/design', link)));
  const missing = documents.filter(
    (path) => path.startsWith('docs/') && path !== 'docs/design/README.md' && !listed.has(path),
  );
  assert.deepEqual(missing, []);
});

test('each message of the clients that the troubleshooting names is one that they have', () => {
  const [, section = ''] = readText('clients/README.md').split('### Troubleshooting by message');
  const rows = section.split('\n### ')[0]!.matchAll(/^\| ([^|]*`[^|]*)\|/gm);
  const messages = Array.from(rows, ([, cell]) =>
    Array.from(cell!.matchAll(/`([^`]+)`/g), ([, text]) => text!),
  ).flat();
  const sources = filesBelow('clients')
    .filter((path) => /\.(ps1|ts)$/.test(path))
    .map(readText);
  assert.ok(messages.length > 20);
  const unknown = messages.filter((message) => {
    const parts = message.split('…').map((part) => part.trim());
    return !sources.some((source) => parts.every((part) => source.includes(part)));
  });
  assert.deepEqual(unknown, []);
});

test('no document has the marks of an unfinished merge, plain or reformatted', () => {
  const marked = documents.filter((path) => /^[ \\]*(?:<{7}|={7}$|>{7}|(?:> ){5})/m.test(readText(path)));
  assert.deepEqual(marked, []);
});

/** The relative link targets of a document, outside code. */
function linksOf(document: string): string[] {
  const prose = readText(document)
    .replace(/^```[\s\S]*?^```/gm, '')
    .replace(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g)]
    .map(([, target]) => target!)
    .filter((target) => !/^[a-z][a-z0-9+.-]*:/i.test(target));
}

/** The anchors that a forge makes of a document's headings. */
function anchorsOf(document: string): Set<string> {
  return new Set(
    [...readText(document).matchAll(/^#+ +(.+)$/gm)].map(([, heading]) =>
      heading!
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .trim()
        .replaceAll(' ', '-'),
    ),
  );
}
