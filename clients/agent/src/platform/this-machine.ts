/** The platform of the machine that the agent runs on. */
import { dirname, join } from 'node:path';
import type { Environment } from '../config/layers.ts';
import type { Platform } from './platform.ts';
import { createPosix } from './posix.ts';
import { createWindows } from './windows.ts';

/** The platform; on Windows the service host is expected beside the executable of the agent. */
export function createThisPlatform(env: Environment): Platform {
  return process.platform === 'win32'
    ? createWindows(env, join(dirname(process.execPath), 'homing-service.exe'))
    : createPosix(process.platform, env);
}
