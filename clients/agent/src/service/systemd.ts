/**
 * The agent as a service of systemd: its unit, its user, its files.
 * Invariants: the service runs without any right beyond its own files and the network; installing twice is installing once.
 */
import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const NAME = 'homing-agent';
const UNIT = `/etc/systemd/system/${NAME}.service`;
const USERS = `/etc/sysusers.d/${NAME}.conf`;
const PROGRAM = `/usr/local/lib/${NAME}/${NAME}`;
const CONFIG = `/etc/${NAME}`;
const STATE = `/var/lib/${NAME}`;

/** What to install, and where. */
export interface Installation {
  /** Below this directory instead of `/`; then nothing is started. */
  readonly root: string | undefined;
  /** The single executable to copy; undefined: `command` is run where it lies. */
  readonly executable: string | undefined;
  /** The words of the command without its arguments. */
  readonly command: readonly string[];
}

/** Installs the service and starts it where there is a configuration. Answers what it did, a line each. */
export async function installService(installation: Installation): Promise<readonly string[]> {
  const at = below(installation.root);
  const done: string[] = [];
  if (installation.executable !== undefined) {
    await placeFile(installation.executable, at(PROGRAM));
    done.push(`${at(PROGRAM)} is the program`);
  }
  await mkdir(at(CONFIG), { recursive: true, mode: 0o750 });
  await place(at(USERS), `u ${NAME} - "Homing agent" ${STATE}\n`);
  const command = installation.executable === undefined ? installation.command : [PROGRAM];
  await place(at(UNIT), formatUnit(command));
  done.push(`${at(UNIT)} is the unit`);
  if (installation.root !== undefined) return done;
  await run('systemd-sysusers', [USERS]);
  await run('chown', ['-R', `root:${NAME}`, CONFIG]);
  await run('chmod', ['0750', CONFIG]);
  await run('systemctl', ['daemon-reload']);
  const configured = await anyExists(['agent.yaml', 'agent.json'].map((file) => join(CONFIG, file)));
  await run('systemctl', ['enable', NAME]);
  if (configured) await run('systemctl', ['restart', NAME]);
  done.push(
    configured
      ? 'The service runs.'
      : `The service is enabled; it starts once ${CONFIG}/agent.yaml is there.`,
  );
  return done;
}

/** Stops the service and takes everything away; the configuration only with `purge`. */
export async function uninstallService(options: {
  readonly root: string | undefined;
  readonly purge: boolean;
}): Promise<readonly string[]> {
  const at = below(options.root);
  const system = options.root === undefined;
  // What is not there needs no end: each of these may fail for that reason alone.
  if (system) await run('systemctl', ['disable', '--now', NAME]).catch(() => undefined);
  const paths = [UNIT, USERS, dirname(PROGRAM), STATE, ...(options.purge ? [CONFIG] : [])].map(at);
  for (const path of paths) await rm(path, { recursive: true, force: true });
  if (system) {
    await run('systemctl', ['daemon-reload']).catch(() => undefined);
    await run('userdel', [NAME]).catch(() => undefined);
  }
  return [options.purge ? 'Everything was removed.' : `Everything but ${at(CONFIG)} was removed.`];
}

/** The unit that runs these words. */
export function formatUnit(command: readonly string[]): string {
  const words = [...command, 'run'];
  return `# Homing agent, made by "${NAME} install". Changes belong into a drop-in: systemctl edit ${NAME}
[Unit]
Description=Homing agent, keeps this machine's name right in DNS
After=network-online.target
Wants=network-online.target
ConditionPathExistsGlob=${CONFIG}/agent.*

[Service]
Type=exec
User=${NAME}
Group=${NAME}
ExecStart=${words.map(quote).join(' ')}
# SIGTERM: nothing new is begun, and the state is written within five seconds.
KillSignal=SIGTERM
TimeoutStopSec=10
Restart=on-failure
RestartSec=10
# An invalid configuration, or another agent for it: starting again would change nothing.
RestartPreventExitStatus=64 75 78

StateDirectory=${NAME}
StateDirectoryMode=0700
UMask=0077
CapabilityBoundingSet=
AmbientCapabilities=
NoNewPrivileges=yes

ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectProc=invisible
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
RemoveIPC=yes

# AF_NETLINK: the addresses of the interfaces.
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
# MemoryDenyWriteExecute stays off: V8 compiles JavaScript to machine code.

[Install]
WantedBy=multi-user.target
`;
}

function below(root: string | undefined): (path: string) => string {
  return (path) => (root === undefined ? path : join(root, path));
}

async function place(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.new`, text, { mode: 0o644 });
  await chmod(`${path}.new`, 0o644);
  await rename(`${path}.new`, path);
}

/** A program that runs cannot be written over, but it can be replaced. */
async function placeFile(from: string, to: string): Promise<void> {
  if (from === to) return;
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, `${to}.new`);
  await chmod(`${to}.new`, 0o755);
  await rename(`${to}.new`, to);
}

async function anyExists(paths: readonly string[]): Promise<boolean> {
  const found = await Promise.all(
    paths.map((path) =>
      stat(path).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}

/** A word of ExecStart: quoted where it has blanks; `%` and `$` stand for themselves. */
function quote(word: string): string {
  const plain = word.replaceAll('%', '%%').replaceAll('$', () => '$$');
  return /[\s"'\\;]/.test(plain) ? `"${plain.replaceAll(/["\\]/g, (char) => `\\${char}`)}"` : plain;
}
