/** A process of its own that writes a backup to the file it is given, again and again until it is ended. */
import { randomBytes } from 'node:crypto';
import { writeDocument } from '../../../../src/store/embedded/fold/fold.ts';
import { State } from '../../../../src/store/state.ts';
import { host, zone } from '../../../contract/store-samples.ts';

const state = new State(randomBytes(32));
state.applyChange({ kind: 'zone-put', zone: zone('dyn.test') });
for (let i = 0; i < 20_000; i++)
  state.applyChange({ kind: 'host-put', host: host(`h${i}.dyn.test`, 'dyn.test') });
// Ends with its standard input, so that it never outlives whoever started it.
process.stdin.on('close', () => process.exit()).resume();
for (;;) await writeDocument(process.argv[2]!, { savedAt: '2026-01-02T03:04:05.000Z', state });
