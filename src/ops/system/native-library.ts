/**
 * Functions of the system's C library, through the optional package koffi.
 * Invariant: where there is no such package the reason is told, and nothing fails.
 */
import { createRequire } from 'node:module';

/** A function of the C library. */
export type NativeFunction = (...args: (number | bigint | Uint8Array)[]) => number;

/** The library. */
export interface NativeLibrary {
  /** The function of a prototype in C. Throws where there is none of that name. */
  func(prototype: string): NativeFunction;
  addressOf(buffer: Uint8Array): bigint;
  /** Of the last call. */
  errno(): number;
}

interface Koffi {
  load(path: null): { func(prototype: string): NativeFunction };
  address(buffer: Uint8Array): bigint;
  errno(): number;
}

/** The C library that this process runs with, or the reason why it cannot be called. */
export function loadCLibrary(): NativeLibrary | string {
  let koffi: Koffi;
  let library: ReturnType<Koffi['load']>;
  try {
    koffi = createRequire(import.meta.url)('koffi') as Koffi;
    library = koffi.load(null);
  } catch (error) {
    return `the package koffi can't be loaded: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`;
  }
  return {
    func: (prototype) => library.func(prototype),
    addressOf: (buffer) => koffi.address(buffer),
    errno: () => koffi.errno(),
  };
}
