/** Writes what is generated from the sources. Run it after a change of a setting, a command, a recipe or a client's test. */
import { writeFileSync } from 'node:fs';
import { formatCommandReference } from '../src/cli/reference.ts';
import { formatConfigReference } from '../src/config/reference.ts';
import { formatCompatibility } from './compatibility-document.ts';
import { formatDevices, shippedExamples } from './recipe-documents.ts';

const root = new URL('../', import.meta.url);
const documents: readonly (readonly [path: string, text: string])[] = [
  ['docs/operations/configuration.md', formatConfigReference()],
  ['docs/operations/command-line.md', formatCommandReference()],
  ['docs/operations/devices.md', formatDevices()],
  ['docs/protocol/compatibility.md', formatCompatibility()],
  ...shippedExamples().map(({ name, text }) => [`clients/examples/${name}`, text] as const),
];
for (const [path, text] of documents) writeFileSync(new URL(path, root), text);
