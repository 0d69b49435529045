/**
 * Where the control socket is: `control.sock` in the data directory.
 * Invariant: the path given to the system fits its limit, however deep the data directory lies.
 */
import { closeSync, openSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Why the control socket can't be used. */
export type ControlErrorCode =
  | 'path-too-long' // and this system has no way around it
  | 'not-a-socket' // something else has the name
  | 'no-permission' // the server runs as another user
  | 'broken'; // the connection ended, stalled or talked nonsense before the answer

/** A failure of the control socket; its message tells the operator what to do next. */
export class ControlError extends Error {
  override readonly name = 'ControlError';
  readonly code: ControlErrorCode;

  constructor(code: ControlErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A path to bind or connect to; valid until it is released. */
export interface SocketPath {
  readonly path: string;
  release(): void;
}

/** sockaddr_un holds 108 bytes on Linux and 104 on the BSDs and macOS, with the final zero. */
const MAX_PATH_BYTES = process.platform === 'linux' ? 107 : 103;

/** The name of the socket's file. */
export const SOCKET_NAME = 'control.sock';

/** The path of the control socket of a data directory, which must exist. */
export function openSocketPath(directory: string): SocketPath {
  const path = join(resolve(directory), SOCKET_NAME);
  if (Buffer.byteLength(path) <= MAX_PATH_BYTES) return { path, release: () => undefined };
  if (process.platform !== 'linux') {
    throw new ControlError(
      'path-too-long',
      `${path} is longer than the ${MAX_PATH_BYTES} bytes a socket may have here; choose a shorter --data DIR`,
    );
  }
  const descriptor = openSync(resolve(directory), 'r');
  return {
    path: `/proc/self/fd/${descriptor}/${SOCKET_NAME}`,
    release: () => {
      closeSync(descriptor);
    },
  };
}
