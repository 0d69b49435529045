/** `check` and `detect`: is the configuration valid, and what does each source say (A-9.1)? Neither sends an update. */
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { type Setup, readSetup } from '../agent/setup.ts';
import { describeFaults } from '../config/load.ts';
import { look } from '../detect/look.ts';
import { CommandError, EXIT, type ExitCode } from '../exit-code.ts';
import { describeAnswer, familyWord } from '../schedule/entries.ts';
import { readState } from '../state/state-file.ts';
import { userAgent } from '../version.ts';
import { ignoredFiles } from './start.ts';
import { type CommandContext, type Place, type PlaceOptions, placeOf } from './context.ts';

/** Checks the configuration with everything that it names. */
export async function checkCommand(context: CommandContext, options: PlaceOptions): Promise<ExitCode> {
  const place = placeOf(context, options, existsSync);
  const setup = await setupOf(context, place);
  const { hosts, servers } = setup.config;
  for (const warning of ignoredFiles(place)) context.printError(`${warning}\n`);
  context.print(`${place.config} is valid: ${hosts.length} host(s) at ${servers.size} server(s)\n`);
  await closeAll(setup);
  return EXIT.done;
}

/** Asks every source once, and says what each answered. */
export async function detectCommand(
  context: CommandContext,
  options: PlaceOptions & { readonly json?: boolean },
): Promise<ExitCode> {
  const place = placeOf(context, options, existsSync);
  const setup = await setupOf(context, place);
  const { platform } = context;
  const looks = [...setup.looks.values()];
  const results = await Promise.all(
    looks.map(async (entry) => ({
      family: entry.family,
      server: entry.server.name,
      quorum: entry.detection.quorum,
      ...(await look(entry, {
        connections: setup.connections.get(entry.server.name)!,
        userAgent: userAgent(platform.system),
        interfaces: (signal) => platform.interfaces(signal),
        before: undefined,
        whole: true,
        signal: new AbortController().signal,
      })),
    })),
  );
  await closeAll(setup);
  if (options.json === true) context.print(`${JSON.stringify(results, undefined, 2)}\n`);
  else
    for (const { family, server, address, answers, quorum } of results) {
      context.print(`${familyWord(family)} (${server}): ${address ?? `no ${quorum} sources agree`}\n`);
      for (const answer of answers) context.print(`  ${describeAnswer(answer)}\n`);
    }
  return results.some(({ address }) => address !== undefined) ? EXIT.done : EXIT.failed;
}

async function setupOf(context: CommandContext, place: Place): Promise<Setup> {
  const read = await readState(place.state);
  const scratch = existsSync(place.state) ? place.state : tmpdir();
  const salt = read?.ok === true ? read.state.salt : '';
  const { env, platform } = context;
  const result = await readSetup({ path: place.config, env, platform, scratch, salt });
  if (!result.ok) throw new CommandError(EXIT.config, `${place.config}: ${describeFaults(result.faults)}`);
  return result.setup;
}

async function closeAll(setup: Setup): Promise<void> {
  await Promise.all([...setup.connections.values()].map((connections) => connections.close()));
}
