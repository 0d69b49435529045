/** Writes the documents that are generated from the sources. Run it after a change of the settings table. */
import { writeFileSync } from 'node:fs';
import { formatConfigReference } from '../src/config/reference.ts';

const target = new URL('../docs/operations/configuration.md', import.meta.url);
writeFileSync(target, formatConfigReference());
