/** `homing store …`: proving, copying and bringing back the data. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { systemClock } from '../../ops/clock.ts';
import type { FoldResult } from '../../store/embedded/fold/fold.ts';
import { type StoreReport, restoreStore, verifyStore } from '../../store/embedded/offline.ts';
import { withExamples } from '../administrative.ts';
import { type CliContext, printResult } from '../context.ts';
import { openDataAccess, requireDataDirectory } from '../data-access.ts';
import { type ExitCode, exitCodeOfStore } from '../exit-code.ts';
import { type SharedOptions, loadOptions, loadOrRefuse, withData, withJson } from '../options.ts';
import { formatFields } from '../table.ts';

/** Adds the commands. */
export function addStoreCommands(
  program: Command,
  context: CliContext,
  setExitCode: (code: ExitCode) => void,
): void {
  const store = program.command('store').description('the data directory');
  const verify = storeCommand(
    store.command('verify').description('read all data as a start would and say whether they are whole'),
    ['store verify', 'store verify --data /var/lib/homing --json'],
  );
  verify.action(async () => {
    const options = verify.opts<SharedOptions>();
    const { config } = loadOrRefuse(loadOptions(context, options));
    requireDataDirectory(config);
    const report = await verifyStore(config.data);
    printResult(context, options.json === true, report, showReport(report));
    if (!report.ok) setExitCode(exitCodeOfStore(report.code));
  });
  const backup = storeCommand(
    store.command('backup <file>').description('write all data as of now into one file; the server may run'),
    ['store backup /var/backups/homing.json'],
  );
  backup.action(async (file: string) => {
    const options = backup.opts<SharedOptions>();
    const { config } = loadOrRefuse(loadOptions(context, options));
    const access = await openDataAccess(config, { create: false });
    try {
      const { sequence, bytes } = (await access.backup(file)) as FoldResult;
      const value = { file: resolve(file), sequence, bytes };
      printResult(
        context,
        options.json === true,
        value,
        `wrote ${bytes} bytes to ${value.file}, as of commit ${sequence}`,
      );
    } finally {
      await access.close();
    }
  });
  const restore = storeCommand(
    store.command('restore <file>').description('make the data of a backup, in an empty data directory'),
    ['store restore /var/backups/homing.json --data /var/lib/homing'],
  );
  restore.action(async (file: string) => {
    const options = restore.opts<SharedOptions>();
    const directory = loadOrRefuse(loadOptions(context, options)).config.data;
    const { counts, sequence } = await restoreStore({ file, directory, clock: systemClock });
    const text = `restored into ${directory}\n\n${formatFields({ ...counts, sequence })}`;
    printResult(context, options.json === true, { directory: directory, counts, sequence }, text);
  });
}

function storeCommand(command: Command, examples: readonly string[]): Command {
  return withExamples(withJson(withData(command)), examples);
}

function showReport(report: StoreReport): string {
  const held = report.heldBy === null ? 'no process' : `process ${report.heldBy}`;
  if (!report.ok) return `damaged: ${report.message}\nheld by ${held}`;
  const { counts, sequence, bytes, torn } = report;
  const cuts = torn.map(({ path, start, end }) =>
    end === start
      ? `\ninterrupted write in ${path}, which is empty: the next start begins it anew`
      : `\ninterrupted write in ${path}, bytes ${start} to ${end - 1}: the next start cuts it off`,
  );
  const fields = {
    ...counts,
    sequence,
    snapshot: `${bytes.snapshot} bytes`,
    journal: `${bytes.journal} bytes`,
    held: `by ${held}`,
  };
  return `whole\n\n${formatFields(fields)}${cuts.join('')}`;
}
