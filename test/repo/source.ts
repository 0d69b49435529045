/**
 * The repository as the rules see it: its files, and each TypeScript file parsed once (syntax only, no types).
 * Invariant: paths are relative to the root and use `/`, so that a rule's message can be clicked.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join, posix } from 'node:path';
import ts from 'typescript';

/** The repository's root directory. */
export const ROOT = join(import.meta.dirname, '..', '..');

/** The folders that hold this project's own files. */
export const OWN_FOLDERS = [
  'src',
  'test',
  'scripts',
  'bench',
  'clients',
  'docs',
  'contrib',
  '.ci',
  '.github',
] as const;

const MADE_FOLDERS: ReadonlySet<string> = new Set(['node_modules', 'dist', 'results']);

/** One parsed source file. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly ast: ts.SourceFile;
  readonly imports: readonly Import[];
}

/** One thing that a file imports or re-exports. */
export interface Import {
  /** As written. */
  readonly specifier: string;
  /** The path of the file inside the repository; undefined for a package. */
  readonly target: string | undefined;
  /** The package's name, for instance `@hono/node-server` or `node:fs`; undefined for a file. */
  readonly package: string | undefined;
  readonly line: number;
}

/** Every file below a folder, sorted, but for what is installed, built or measured. */
export function filesBelow(folder: string): string[] {
  const entries = readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: false });
  return entries
    .flatMap((entry) => {
      const path = posix.join(folder, entry.name);
      if (MADE_FOLDERS.has(entry.name)) return [];
      return entry.isDirectory() ? filesBelow(path) : [path];
    })
    .sort();
}

/** The folders of `OWN_FOLDERS` that exist, with everything below them. */
export function ownFiles(): string[] {
  const present = new Set(readdirSync(ROOT));
  return OWN_FOLDERS.filter((folder) => present.has(folder)).flatMap(filesBelow);
}

/** The TypeScript files below the given folders, parsed. */
export function sourcesBelow(...folders: readonly string[]): SourceFile[] {
  const present = new Set(readdirSync(ROOT));
  return folders
    .filter((folder) => present.has(folder.split('/')[0]!))
    .flatMap(filesBelow)
    .filter((path) => /\.m?ts$/.test(path))
    .map(parseSource);
}

/** Visits a node and all nodes below it. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  node.forEachChild((child) => {
    walk(child, visit);
  });
}

/** `path:line` of a node, for messages. */
export function placeOf(file: SourceFile, node: ts.Node): string {
  return `${file.path}:${lineOf(file.ast, node)}`;
}

/** The text of a file of the repository. */
export function readText(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

function parseSource(path: string): SourceFile {
  const text = readText(path);
  const ast = ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true);
  return { path, text, ast, imports: importsOf(path, ast) };
}

function importsOf(path: string, ast: ts.SourceFile): Import[] {
  const found: Import[] = [];
  walk(ast, (node) => {
    const specifier = specifierOf(node);
    if (specifier === undefined) return;
    const local = specifier.startsWith('.');
    found.push({
      specifier,
      target: local ? posix.join(posix.dirname(path), specifier) : undefined,
      package: local ? undefined : packageName(specifier),
      line: lineOf(ast, node),
    });
  });
  return found;
}

function specifierOf(node: ts.Node): string | undefined {
  if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier !== undefined)
    return ts.isStringLiteral(node.moduleSpecifier) ? node.moduleSpecifier.text : undefined;
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
    return ts.isStringLiteral(node.argument.literal) ? node.argument.literal.text : undefined;
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    const [argument] = node.arguments;
    return argument !== undefined && ts.isStringLiteral(argument) ? argument.text : undefined;
  }
  return undefined;
}

function packageName(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function lineOf(ast: ts.SourceFile, node: ts.Node): number {
  return ast.getLineAndCharacterOfPosition(node.getStart(ast)).line + 1;
}
