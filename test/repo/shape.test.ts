/** How every file looks: its size, its name, its opening words, its documented exports, and no state of its own. */
import assert from 'node:assert/strict';
import { posix } from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';
import { type SourceFile, ownFiles, placeOf, readText, sourcesBelow, walk } from './source.ts';

const LENGTH_AIM = 300;
const LENGTH_LIMIT = 400;
const FILES_PER_FOLDER = 12;
const OPENING_COMMENT = /^(#!.*\n)?\s*\/[/*]/;
const VAGUE_NAMES = /^(utils?|helpers?|common|managers?|misc)(\.|$)/;

const product = sourcesBelow('src');
const shipped = sourcesBelow('src', 'clients');
const all = sourcesBelow('src', 'test', 'scripts', 'bench', 'clients');

test('files are at most 400 lines long', (t) => {
  const lengths = all.map((file) => ({ path: file.path, lines: file.text.split('\n').length - 1 }));
  for (const { path, lines } of lengths)
    if (lines > LENGTH_AIM) t.diagnostic(`${path} has ${lines} lines, the aim is ${LENGTH_AIM}`);
  assert.deepEqual(
    lengths.filter(({ lines }) => lines > LENGTH_LIMIT),
    [],
  );
});

test('folders hold at most 12 files', () => {
  const counts = new Map<string, number>();
  for (const file of ownFiles()) {
    const folder = posix.dirname(file);
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  assert.deepEqual(
    [...counts].filter(([, count]) => count > FILES_PER_FOLDER),
    [],
  );
});

test('files and folders of code have kebab-case names that say what is in them', () => {
  const wrong = all
    .map((file) => file.path)
    .filter((path) =>
      path
        .split('/')
        .some((part) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9-]+)*$/.test(part) || VAGUE_NAMES.test(part)),
    );
  assert.deepEqual(wrong, []);
});

test('every file opens with a comment', () => {
  // A unit test is about the file that it mirrors, whose own opening says what that is.
  const silent = all.filter(
    ({ path, text }) => !path.startsWith('test/unit/') && !OPENING_COMMENT.test(text),
  );
  assert.deepEqual(
    silent.map(({ path }) => path),
    [],
  );
});

test('unit tests lie where the sources lie', () => {
  const folders = new Set(product.map(({ path }) => posix.dirname(path).replace(/^src/, '')));
  const astray = all
    .filter(({ path }) => path.startsWith('test/unit/'))
    .filter(({ path }) => !folders.has(posix.dirname(path).replace('test/unit', '')));
  assert.deepEqual(
    astray.map(({ path }) => path),
    [],
  );
});

test('every export has a doc comment', () => {
  const bare = shipped.flatMap((file) =>
    file.ast.statements
      .filter((statement) => isExportedDeclaration(statement) && !hasDocComment(file, statement))
      .map((statement) => placeOf(file, statement)),
  );
  assert.deepEqual(bare, []);
});

test('nothing is exported by default', () => {
  const found = shipped.flatMap((file) =>
    file.ast.statements
      .filter((node) => ts.isExportAssignment(node) || modifiersOf(node).has(ts.SyntaxKind.DefaultKeyword))
      .map((node) => placeOf(file, node)),
  );
  assert.deepEqual(found, []);
});

test('no module has state of its own', () => {
  assert.deepEqual(
    shipped.flatMap((file) => [...topLevelVariables(file), ...topLevelMutations(file)]),
    [],
  );
});

test('nothing is left for later in a comment', () => {
  const words = new RegExp(
    ['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'].map((w) => `\\b${w}\\b`).join('|'),
  );
  const phrases = new RegExp(['for n' + 'ow[,.;)]', 'in a real sy' + 'stem'].join('|'), 'i');
  const marks = ownFiles()
    .filter((path) => /\.(m?[tj]s|md|ya?ml|conf|service|sh)$/.test(path))
    .flatMap((path) =>
      readText(path)
        .split('\n')
        .flatMap((line, i) => (words.test(line) || phrases.test(line) ? [`${path}:${i + 1}: ${line}`] : [])),
    );
  assert.deepEqual(marks, []);
});

test('a rule is switched off only with its reason', () => {
  const silent = all.flatMap((file) =>
    file.text
      .split('\n')
      .flatMap((line, i) =>
        /eslint-disable|@ts-(ignore|expect-error|nocheck)/.test(line) && !/ -- \S|: \S/.test(line)
          ? [`${file.path}:${i + 1}: ${line.trim()}`]
          : [],
      ),
  );
  assert.deepEqual(
    silent.filter((place) => !place.startsWith('test/repo/shape.test.ts')),
    [],
  );
});

function isExportedDeclaration(statement: ts.Statement): boolean {
  return modifiersOf(statement).has(ts.SyntaxKind.ExportKeyword) && !isOverloadTail(statement);
}

/** The second and later declarations of an overloaded function; the first carries the doc comment. */
function isOverloadTail(statement: ts.Statement): boolean {
  if (!ts.isFunctionDeclaration(statement)) return false;
  const siblings = statement.getSourceFile().statements;
  const before = siblings[siblings.indexOf(statement) - 1];
  return (
    before !== undefined && ts.isFunctionDeclaration(before) && before.name?.text === statement.name?.text
  );
}

function hasDocComment(file: SourceFile, statement: ts.Statement): boolean {
  return (ts.getLeadingCommentRanges(file.text, statement.getFullStart()) ?? []).some(({ pos, end }) => {
    const comment = file.text.slice(pos, end);
    return comment.startsWith('/**') && /\p{L}{2}/u.test(comment);
  });
}

function modifiersOf(node: ts.Node): Set<ts.SyntaxKind> {
  return new Set(
    ts.canHaveModifiers(node) ? (ts.getModifiers(node) ?? []).map((modifier) => modifier.kind) : [],
  );
}

function topLevelVariables(file: SourceFile): string[] {
  return file.ast.statements
    .filter(ts.isVariableStatement)
    .filter(({ declarationList }) => (declarationList.flags & ts.NodeFlags.Const) === 0)
    .map((statement) => `${placeOf(file, statement)}: a module-level variable`);
}

const MUTATORS = new Set(
  'set add delete clear push pop shift unshift splice sort reverse fill copyWithin append enqueue'.split(' '),
);

/** Changes to a module-level constant made from inside a function: state that outlives the call. */
function topLevelMutations(file: SourceFile): string[] {
  const constants = collectionConstants(file);
  const found: string[] = [];
  for (const statement of file.ast.statements) {
    walk(statement, (node) => {
      const target = mutatedRoot(node);
      if (target !== undefined && constants.has(target.text) && isInsideFunction(node) && !isShadowed(target))
        found.push(`${placeOf(file, node)}: changes the module-level ${target.text}`);
    });
  }
  return found;
}

/** Names of module-level constants that hold an object of their own (a literal or `new`). */
function collectionConstants(file: SourceFile): Set<string> {
  return new Set(
    file.ast.statements.filter(ts.isVariableStatement).flatMap(({ declarationList }) =>
      declarationList.declarations.flatMap(({ name, initializer }) => {
        if (!ts.isIdentifier(name) || initializer === undefined) return [];
        const holds =
          ts.isNewExpression(initializer) ||
          ts.isObjectLiteralExpression(initializer) ||
          ts.isArrayLiteralExpression(initializer) ||
          ts.isCallExpression(initializer);
        return holds ? [name.text] : [];
      }),
    ),
  );
}

function mutatedRoot(node: ts.Node): ts.Identifier | undefined {
  if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression))
    return MUTATORS.has(node.expression.name.text) ? rootIdentifier(node.expression.expression) : undefined;
  if (ts.isBinaryExpression(node) && isAssignment(node.operatorToken.kind))
    return ts.isIdentifier(node.left) ? undefined : rootIdentifier(node.left);
  if (ts.isDeleteExpression(node)) return rootIdentifier(node.expression);
  if (ts.isPostfixUnaryExpression(node)) return rootIdentifier(node.operand);
  return undefined;
}

function rootIdentifier(expression: ts.Expression): ts.Identifier | undefined {
  let root = expression;
  while (ts.isPropertyAccessExpression(root) || ts.isElementAccessExpression(root)) root = root.expression;
  return ts.isIdentifier(root) ? root : undefined;
}

function isAssignment(kind: ts.SyntaxKind): boolean {
  return kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;
}

function isInsideFunction(node: ts.Node): boolean {
  return ts.findAncestor(node, ts.isFunctionLike) !== undefined;
}

/** Whether a parameter or local of an enclosing function has the same name. */
function isShadowed(name: ts.Identifier): boolean {
  let shadowed = false;
  const outer = ts.findAncestor(name, (node) => node.parent === name.getSourceFile());
  if (outer === undefined) return false;
  walk(outer, (node) => {
    if (
      (ts.isParameter(node) || (ts.isVariableDeclaration(node) && isInsideFunction(node))) &&
      ts.isIdentifier(node.name) &&
      node.name.text === name.text
    )
      shadowed = true;
  });
  return shadowed;
}
