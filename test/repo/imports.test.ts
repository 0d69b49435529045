/**
 * Which room may know which: the rule of `docs/design/architecture.md`, read from the imports themselves.
 * A room that is not in the table fails, so that a new one is placed on purpose.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import ts from 'typescript';
import { type Import, type SourceFile, placeOf, sourcesBelow, walk } from './source.ts';

const CORE = ['ops', 'net', 'zone', 'account'] as const;

/** The rooms each room may import from, besides itself. `store` from outside is its interface alone (below). */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  ops: [],
  net: ['ops'],
  zone: ['ops', 'net'],
  account: ['ops', 'net', 'zone'],
  config: ['ops', 'net', 'zone', 'account'],
  store: CORE,
  recipe: ['net'],
  update: [...CORE, 'store'],
  dns: [...CORE, 'store', 'update'],
  http: [...CORE, 'store', 'update'],
  publish: [...CORE, 'store', 'update'],
  cli: [...CORE, 'config', 'recipe', 'store', 'update', 'dns', 'http', 'publish', 'server'],
  server: [...CORE, 'config', 'store', 'update', 'dns', 'http', 'publish'],
  main: ['cli', 'ops'],
};

/** The files of `store` that rooms other than the composing ones may import. */
const STORE_INTERFACE = new Set(['src/store/store.ts', 'src/store/change.ts']);
const COMPOSERS = new Set(['cli', 'server', 'main']);

/** The one place where each of these is touched. */
const DOORS: Readonly<Record<string, RegExp>> = {
  dns2: /^src\/(dns\/server|zone\/rdata)\b/,
  lowdb: /^src\/store\/embedded\b/,
  bcryptjs: /^src\/account\/password/,
  piscina: /^src\/account\/password/,
  hono: /^src\/http\//,
  '@hono/node-server': /^src\/http\//,
  commander: /^src\/cli\//,
  'csv-parse': /^src\/cli\//,
  limiter: /^src\/update\/token-buckets\.ts$/,
  yaml: /^src\/config\//,
  pino: /^src\/ops\//,
  'pino-pretty': /^src\/ops\//,
};

/** The agent, and what of the server it may import. */
const AGENT = 'clients/agent/src/';
const AGENT_MAY_IMPORT = /^(src\/(net\/[a-z-]+|ops\/parsed)\.ts|package\.json)$/;

/** The rooms that each room of the agent may import from, besides itself. */
const AGENT_CORE = ['config', 'log', 'schedule', 'update'] as const;
const AGENT_ROOMS: Readonly<Record<string, readonly string[]>> = {
  config: [],
  log: ['config'],
  http: ['config', 'update'],
  update: ['config', 'http'],
  schedule: ['config', 'log', 'update'],
  detect: ['config', 'http', 'schedule'],
  verify: ['config', 'schedule'],
  state: ['schedule'],
  platform: ['config', 'detect', 'http'],
  agent: [...AGENT_CORE, 'detect', 'http', 'platform', 'state', 'verify', 'version'],
  enrol: ['config', 'http', 'platform', 'update', 'version'],
  service: ['platform', 'exit-code'],
  commands: [
    ...AGENT_CORE,
    'agent',
    'detect',
    'enrol',
    'exit-code',
    'http',
    'platform',
    'service',
    'state',
    'version',
  ],
  main: ['commands', 'platform'],
  version: [],
  'exit-code': [],
};

/** Where each dependency of the agent is touched, below its sources. */
const AGENT_DOORS: Readonly<Record<string, RegExp>> = {
  cockatiel: /^schedule\/(back-off|server-gate)\.ts$/,
  undici: /^http\//,
  'rotating-file-stream': /^log\//,
  zod: /^(config|state|enrol)\//,
  yaml: /^(config|enrol)\//,
  commander: /^commands\//,
  'fastest-levenshtein': /^config\//,
};

/** What only the agent uses. */
const AGENT_ONLY = new Set(['cockatiel', 'undici', 'rotating-file-stream']);

const sources = sourcesBelow('src');
const clients = sourcesBelow('clients');

test('imports run one way between rooms', () => {
  const wrong = sources.flatMap((file) => file.imports.flatMap((entry) => wrongImport(file, entry)));
  assert.deepEqual(wrong, []);
});

test('files import no cycle', () => {
  const graph = new Map(sources.map((file) => [file.path, file.imports.flatMap((i) => i.target ?? [])]));
  assert.equal(findCycle(graph)?.join(' → '), undefined);
});

test('imports name files that exist, with their ending', () => {
  const all = sourcesBelow('src', 'test', 'scripts', 'bench', 'clients');
  const paths = new Set(all.map((file) => file.path));
  const broken = all.flatMap((file) =>
    file.imports
      .filter(({ target }) => target !== undefined && /^(src|test|scripts|bench)\//.test(target))
      .filter(({ target }) => !paths.has(target!) && !target!.endsWith('.json'))
      .map(({ specifier, line }) => `${file.path}:${line} imports ${specifier}`),
  );
  assert.deepEqual(broken, []);
});

test('each dependency has one door', () => {
  const wrong = sources.flatMap((file) =>
    file.imports
      .filter((entry) => entry.package !== undefined && DOORS[entry.package]?.test(file.path) === false)
      .map((entry) => `${file.path}:${entry.line} imports ${entry.specifier}`),
  );
  assert.deepEqual(wrong, []);
});

test('the environment is read in config/load alone, and the process is ended in main alone', () => {
  const uses = sources.flatMap((file) => [
    ...(file.path === 'src/config/load.ts' ? [] : mentions(file, 'process', 'env')),
    ...(file.path === 'src/main.ts' ? [] : mentions(file, 'process', 'exit')),
  ]);
  assert.deepEqual(uses, []);
});

test('the core reads the clock through ops/clock', () => {
  const core = sourcesBelow('src/net', 'src/zone', 'src/account', 'src/store', 'src/update');
  assert.deepEqual(
    core.flatMap((file) => mentions(file, 'Date', 'now')),
    [],
  );
});

test('one place outside the store commits', () => {
  const callers = sources
    .filter((file) => !file.path.startsWith('src/store/'))
    .flatMap((file) => callsOfMethod(file, 'commit'));
  assert.equal(callers.length, 1, `callers of commit: ${callers.join(', ')}`);
  assert.match(callers[0]!, /^src\/update\//);
});

test('clients import of the server what the agent may: addresses as values, and parse results', () => {
  const wrong = clients.flatMap((file) =>
    file.imports
      .filter(({ target }) => target !== undefined && !target.startsWith('clients/'))
      .filter(({ target }) => !(file.path.startsWith(AGENT) && AGENT_MAY_IMPORT.test(target!)))
      .map((entry) => `${file.path}:${entry.line} imports ${entry.specifier}`),
  );
  assert.deepEqual(wrong, []);
});

test('the server knows nothing of the clients', () => {
  const wrong = sources.flatMap((file) =>
    file.imports
      .filter((entry) => entry.target?.startsWith('clients/') ?? AGENT_ONLY.has(entry.package ?? ''))
      .map((entry) => `${file.path}:${entry.line} imports ${entry.specifier}`),
  );
  assert.deepEqual(wrong, []);
});

test('the rooms of the agent import one way, and each of its dependencies has one door', () => {
  const agent = clients.filter((file) => file.path.startsWith(AGENT));
  const wrong = agent.flatMap((file) =>
    file.imports.flatMap((entry) => {
      const place = `${file.path}:${entry.line} imports ${entry.specifier}`;
      if (entry.package !== undefined && !entry.package.startsWith('node:'))
        return AGENT_DOORS[entry.package]?.test(file.path.slice(AGENT.length)) === true ? [] : [place];
      if (entry.target?.startsWith(AGENT) !== true) return [];
      const [from, to] = [agentRoomOf(file.path), agentRoomOf(entry.target)];
      const allowed = AGENT_ROOMS[from];
      if (allowed === undefined) return [`${place}: the room ${from} is not in the table`];
      return from === to || allowed.includes(to) ? [] : [place];
    }),
  );
  assert.deepEqual(wrong, []);
});

test('the core of the agent does no input or output and reads no clock', () => {
  const core = clients.filter((file) => file.path.startsWith(`${AGENT}schedule/`));
  assert.deepEqual(
    core.flatMap((file) => [
      ...file.imports
        .filter((entry) => entry.package?.startsWith('node:') === true)
        .map(({ line }) => `${file.path}:${line}`),
      ...mentions(file, 'Date', 'now'),
      ...mentions(file, 'Math', 'random'),
      ...mentions(file, 'performance', 'now'),
    ]),
    [],
  );
});

test('the files of the agent import no cycle, and only its main touches the process', () => {
  const agent = clients.filter((file) => file.path.startsWith(AGENT));
  const graph = new Map(agent.map((file) => [file.path, file.imports.flatMap((i) => i.target ?? [])]));
  assert.equal(findCycle(graph)?.join(' → '), undefined);
  const others = agent.filter((file) => file.path !== `${AGENT}main.ts`);
  assert.deepEqual(
    others.flatMap((file) => [...mentions(file, 'process', 'exit'), ...mentions(file, 'process', 'stdout')]),
    [],
  );
});

/** The room of a path: the folder below `src`, or the file itself where it lies directly there. */
function roomOf(path: string): string {
  return path.split('/')[1]!.replace(/\.ts$/, '');
}

/** The same for a path of the agent. */
function agentRoomOf(path: string): string {
  return path.slice(AGENT.length).split('/')[0]!.replace(/\.ts$/, '');
}

function wrongImport(file: SourceFile, { target, specifier, line }: Import): string[] {
  const from = roomOf(file.path);
  const allowed = MAY_IMPORT[from];
  const place = `${file.path}:${line}`;
  if (allowed === undefined) return [`${place}: the room ${from} is not in the table`];
  if (target === undefined || roomOf(target) === from) return [];
  if (!target.startsWith('src/')) return [`${place}: imports ${specifier}, outside src`];
  const to = roomOf(target);
  if (!allowed.includes(to)) return [`${place}: ${from} may not import ${to} (${specifier})`];
  if (to === 'store' && !COMPOSERS.has(from) && !STORE_INTERFACE.has(target))
    return [`${place}: ${from} may import the store's interface only, not ${specifier}`];
  return [];
}

/** Some cycle of the graph as a list of its nodes, or undefined. */
function findCycle(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const visit = (node: string, trail: readonly string[]): string[] | undefined => {
    const start = trail.indexOf(node);
    if (start >= 0) return [...trail.slice(start), node];
    if (done.has(node)) return undefined;
    for (const next of graph.get(node) ?? []) {
      const cycle = visit(next, [...trail, node]);
      if (cycle !== undefined) return cycle;
    }
    done.add(node);
    return undefined;
  };
  for (const node of graph.keys()) {
    const cycle = visit(node, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

function mentions(file: SourceFile, object: string, property: string): string[] {
  const found: string[] = [];
  walk(file.ast, (node) => {
    if (!ts.isPropertyAccessExpression(node) || node.name.text !== property) return;
    if (node.expression.getText(file.ast) === object)
      found.push(`${placeOf(file, node)}: ${object}.${property}`);
  });
  return found;
}

function callsOfMethod(file: SourceFile, method: string): string[] {
  const found: string[] = [];
  walk(file.ast, (node) => {
    if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return;
    if (node.expression.name.text === method) found.push(placeOf(file, node));
  });
  return found;
}
