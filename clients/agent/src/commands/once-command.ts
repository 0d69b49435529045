/** `once`: one round, then the end. */
import { pause } from '../agent/actions.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { readState } from '../state/state-file.ts';
import type { CommandContext, PlaceOptions } from './context.ts';
import { startAgent } from './start.ts';
import { judgeHosts } from './verdict.ts';

const POLL_MS = 10;

/** Runs one round; with `force` every host is tried, whatever keeps it back. */
export async function onceCommand(
  context: CommandContext,
  options: PlaceOptions & { readonly force?: boolean },
): Promise<ExitCode> {
  const started = await startAgent(context, { ...options, mode: 'once' });
  const { agent, place } = started;
  const stop = new AbortController();
  context.onStop(() => {
    stop.abort();
  });
  agent.tell({ kind: 'tick' });
  while (agent.busy && !stop.signal.aborted) await pause(POLL_MS);
  await agent.end(0);
  await started.release();
  const read = await readState(place.state);
  return read?.ok === true ? judgeHosts([...read.state.memory.hosts.values()]) : EXIT.failed;
}
