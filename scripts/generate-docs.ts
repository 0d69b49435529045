/** Writes the documents that are generated from the sources. Run it after a change of a setting or a command. */
import { writeFileSync } from 'node:fs';
import { formatCommandReference } from '../src/cli/reference.ts';
import { formatConfigReference } from '../src/config/reference.ts';

const operations = new URL('../docs/operations/', import.meta.url);
writeFileSync(new URL('configuration.md', operations), formatConfigReference());
writeFileSync(new URL('command-line.md', operations), formatCommandReference());
