/** `docs/protocol/compatibility.md`, made of the recipes and of what the tests hold. */
import { RECIPES } from '../src/recipe/catalogue.ts';
import type { Basis, Recipe } from '../src/recipe/recipe.ts';
import { PROGRAM_RUNS, type ProgramRun } from '../test/interop/programs-run.ts';
import { ACME_CLIENTS } from '../test/protocol/acme/acme-clients.ts';
import { CLIENTS } from '../test/protocol/client-families.ts';
import type { Client, Situation } from '../test/protocol/families/client-family.ts';

const INTRODUCTION = `<!-- Written by scripts/generate-docs.ts from src/recipe and the tests; edit those. -->

# Compatibility

Which device works with Homing, what is typed into it, and how that is tested. There are two kinds of tests:

- **run**: the program itself runs as its own process, with a configuration as its users write it; afterwards DNS is
  asked over UDP and TCP (\`test/interop\`). _In its place_ means that the device has that program inside, or makes the
  same request with another;
- **bytes**: the device cannot run in a test. What it sends is sent to a server over a socket, a judge reads the reply
  by the rule in the device's source or documents, and DNS is asked afterwards (\`test/protocol/families\`). This is as
  right as what is known of the device.

_Labels from_ says from where menus, labels and options are known: the documents of the maker, the source of the firmware or
program, what users of it write, or not verified at all.
`;

const READINGS = `## How each reads the answer

What a client that is tested by its bytes makes of each answer. _tries again_: it shows or logs an error and comes back
at its own pace. _gives up_: it stops until somebody acts. An answer of \`nohost\` that is _accepted_ is the one trap:
such a client looks at the status alone, so look at the host after its first update.
`;

const ACME = `## What ACME clients look for in the answer

Those that are tested by their bytes (\`test/protocol/acme\`). lego's provider \`acme-dns\` runs in \`test/interop\` only where lego has
it, which Debian's has not.
`;

const OTHERWISE = `## Requests that are answered otherwise than some client would like

| request | answer | why |
| --- | --- | --- |
| No-IP's \`/ducupdate.php?requestL=…\` (IPCop, old Linux clients) | 404 | a protocol of its own, which today's clients of No-IP do not speak; \`/nic/update\` works (D-11.3) |
| headers without an end (a notifier in some recorders) | 408 after ten seconds | the request is not whole; that client reads no reply (D-8.7) |
| dyndns1, as ddclient sends it | \`return code: NOERROR\` after a line with a title | ddclient takes a reply for a success only with one ([dyndns1](dialects/dyndns1.md)) |
| HTTP/0.9 | 408 after ten seconds, not 400 at once | the line could still go on (D-11.5) |
| a folded header, octets above 127 in the request line | 400 | what a lenient parser lets through is what request smuggling is made of (D-11.6) |
| \`;\` between parameters | \`notfqdn\` | a guess would be worse (D-11.7) |
| an IPv6 address with \`911\` in it, from FreshTomato | \`good\`, which it takes for an error | the address is published nevertheless (D-11.10) |
`;

const BASES: Readonly<Record<Basis, string>> = {
  documents: 'documents',
  source: 'source',
  reports: 'users',
  nowhere: 'not verified',
};

const SITUATIONS: readonly Situation[] = ['good', 'nochg', 'badauth', 'nohost', '911'];

/** The whole document. */
export function formatCompatibility(): string {
  const devices = table(
    ['device', 'type in', 'labels from', 'what works', 'tested'],
    RECIPES.map((recipe) => [
      recipe.title,
      `[\`--device ${recipe.device}\`](../operations/devices.md#${anchorOf(recipe.title)})`,
      BASES[recipe.known],
      recipe.works,
      testedBy(recipe),
    ]),
  );
  const readings = table(
    ['client', 'its rule', ...SITUATIONS.map((code) => `\`${code}\``), 'also sends'],
    CLIENTS.map((client) => [
      client.name,
      client.rule,
      ...SITUATIONS.map((situation) => client.reads[situation]),
      alsoSends(client),
    ]),
  );
  const programs = table(
    ['program', 'shown', 'test', 'limits'],
    PROGRAM_RUNS.map(({ title, shows, tests, limits }) => [
      title,
      shows,
      tests.map((path) => `\`${path}\``).join(', '),
      limits ?? '',
    ]),
  );
  const acme = table(
    ['client', 'its rule', 'also'],
    ACME_CLIENTS.map(({ name, rule, registers, ...client }) => [
      name,
      rule,
      [
        ...(registers === undefined ? [] : ['registers']),
        client.cleanup === undefined ? 'leaves the value' : 'takes the value away',
      ].join(', '),
    ]),
  );
  const parts = [
    INTRODUCTION,
    `## Devices\n\n${devices}`,
    `## Programs that run\n\nTests lie below \`test/interop\`.\n\n${programs}`,
    `${READINGS}\n${readings}`,
    `${ACME}\n${acme}`,
    realign(OTHERWISE),
  ];
  return `${parts.map((part) => part.trimEnd()).join('\n\n')}\n`;
}

function testedBy({ device }: Recipe): string {
  const titles = (runs: readonly ProgramRun[]): string => runs.map(({ title }) => title).join(', ');
  const own = PROGRAM_RUNS.filter(({ devices }) => devices.includes(device));
  const found: readonly (readonly [how: string, what: string])[] = [
    ['run', titles(own.filter(({ optional }) => optional !== true))],
    ['run where it is installed', titles(own.filter(({ optional }) => optional === true))],
    [
      'run in its place',
      titles(PROGRAM_RUNS.filter(({ standsFor }) => standsFor?.includes(device) === true)),
    ],
    [
      'bytes',
      [...CLIENTS, ...ACME_CLIENTS]
        .filter((client) => client.device === device)
        .map(({ name }) => name)
        .join(', '),
    ],
  ];
  const parts = found.filter(([, what]) => what !== '').map(([how, what]) => `${how}: ${what}`);
  if (parts.length === 0) throw new Error(`no test stands for ${device}`);
  return parts.join('; ');
}

function alsoSends({ exchanges = [], waitsForChallenge }: Client): string {
  const first = waitsForChallenge === true ? ['nothing to log in with, until it is asked'] : [];
  return [...first, ...exchanges.map(({ what }) => what)].join('; ');
}

/** The anchor that a forge makes of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .trim()
    .replaceAll(' ', '-');
}

/** A table whose columns are as wide as their widest cell. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = head.map((_, i) => Math.max(3, ...cells.map((row) => row[i]!.length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`;
  const rule = line(widths.map((width) => '-'.repeat(width)));
  return [line(cells[0]!), rule, ...cells.slice(1).map(line)].join('\n');
}

/** A text with one table in it, its columns made as wide as those of the others. */
function realign(text: string): string {
  const lines = text.split('\n');
  const isRow = (line: string): boolean => line.startsWith('|');
  const rows = lines.filter(isRow).map((line) =>
    line
      .slice(2, -2)
      .split(' | ')
      .map((cell) => cell.trim()),
  );
  const [head, , ...body] = rows;
  const before = lines.slice(0, lines.findIndex(isRow)).join('\n');
  return `${before}\n${table(head!, body)}`;
}
