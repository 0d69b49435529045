/** `install` and `uninstall`: the agent as a service of the system. */
import { isSea } from 'node:sea';
import { CommandError, EXIT, type ExitCode } from '../exit-code.ts';
import type { ServiceControl } from '../platform/platform.ts';
import { installService, uninstallService } from '../service/systemd.ts';
import type { CommandContext } from './context.ts';

/** The options of both. */
export interface ServiceOptions {
  readonly root?: string;
  readonly purge?: boolean;
}

const NAME = 'HomingAgent';

/** Installs the service: of systemd on Linux, of the service manager on Windows. */
export async function installCommand(context: CommandContext, options: ServiceOptions): Promise<ExitCode> {
  const { platform, program } = context;
  if (platform.services !== undefined) await installOnWindows(context, platform.services);
  else if (platform.system === 'linux') {
    const lines = await orDenied(() =>
      installService({
        root: options.root,
        executable: isSea() ? process.execPath : undefined,
        command: isSea() ? [process.execPath] : [process.execPath, program],
      }),
    );
    context.print(`${lines.join('\n')}\n`);
  } else throw new CommandError(EXIT.usage, `there is no service to install on ${platform.system}`);
  return EXIT.done;
}

/** Takes the service away. */
export async function uninstallCommand(context: CommandContext, options: ServiceOptions): Promise<ExitCode> {
  const { platform } = context;
  if (platform.services !== undefined) {
    await platform.services.uninstall(NAME);
    context.print(`The service ${NAME} was removed.\n`);
  } else if (platform.system === 'linux') {
    const lines = await orDenied(() =>
      uninstallService({ root: options.root, purge: options.purge ?? false }),
    );
    context.print(`${lines.join('\n')}\n`);
  } else throw new CommandError(EXIT.usage, `there is no service to remove on ${platform.system}`);
  return EXIT.done;
}

async function installOnWindows(context: CommandContext, services: ServiceControl): Promise<void> {
  if (!isSea())
    throw new CommandError(EXIT.usage, 'only the single executable can be installed as a service');
  await services.install({ name: NAME, agent: process.execPath, data: context.platform.places.state });
  context.print(`The service ${NAME} was installed.\n`);
}

async function orDenied<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const denied = code === 'EACCES' || code === 'EPERM';
    if (!denied) throw new CommandError(EXIT.failed, message, { cause: error });
    throw new CommandError(EXIT.denied, 'this needs the rights of root', { cause: error });
  }
}
