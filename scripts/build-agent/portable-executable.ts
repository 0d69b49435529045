/**
 * What the build changes in Windows executables (the format that Microsoft calls PE32+), byte by byte.
 *
 * Invariant: a change keeps the length of every structure, so that no offset in the file has to move.
 */
import { BuildFailure } from './places.ts';

const CERTIFICATE_TABLE = 4;
const DIRECTORIES_AT = 112;
const FIXED_INFO_SIGNATURE = 0xfeef04bd;

/** Where the optional header begins; throws unless this is an executable for 64 bits. */
function optionalHeaderOf(exe: Buffer): number {
  const pe = exe.readUInt32LE(0x3c);
  if (exe.toString('latin1', pe, pe + 4) !== 'PE\0\0' || exe.readUInt16LE(pe + 24) !== 0x20b)
    throw new BuildFailure('not a Windows executable for 64 bits');
  return pe + 24;
}

/** The same executable without its signature, which no longer fits once anything is changed. */
export function stripSignature(exe: Buffer): Buffer {
  const entry = optionalHeaderOf(exe) + DIRECTORIES_AT + 8 * CERTIFICATE_TABLE;
  const [at, size] = [exe.readUInt32LE(entry), exe.readUInt32LE(entry + 4)];
  if (size === 0) return exe;
  if (at + size !== exe.length) throw new BuildFailure('the signature is not at the end of the file');
  const bare = Buffer.from(exe.subarray(0, at));
  bare.fill(0, entry, entry + 8);
  // The checksum is that of the signed file; 0 is "none", which programs may have.
  bare.writeUInt32LE(0, optionalHeaderOf(bare) + 64);
  return bare;
}

/** Changes in place what Windows shows of the executable: `strings` by their keys, `version` as four numbers. */
export function describeExecutable(
  exe: Buffer,
  strings: Readonly<Record<string, string>>,
  version: readonly number[],
): void {
  const start = exe.indexOf(Buffer.from('VS_VERSION_INFO', 'utf16le'));
  if (start < 0) throw new BuildFailure('the executable has no version resource');
  const end = start - 6 + exe.readUInt16LE(start - 6);
  const fixed = exe.indexOf(numberBytes(FIXED_INFO_SIGNATURE), start);
  for (const offset of [8, 16]) {
    exe.writeUInt32LE(((version[0]! << 16) | version[1]!) >>> 0, fixed + offset);
    exe.writeUInt32LE(((version[2]! << 16) | version[3]!) >>> 0, fixed + offset + 4);
  }
  for (const [key, value] of Object.entries(strings)) replaceString(exe, [start, end], key, value);
}

/** Writes a value of a string in the version resource; it must not be longer than the one that is there. */
function replaceString(
  exe: Buffer,
  [start, end]: readonly [number, number],
  key: string,
  value: string,
): void {
  const name = Buffer.from(`${key}\0`, 'utf16le');
  const at = exe.indexOf(name, start);
  if (at < 0 || at >= end) throw new BuildFailure(`the version resource has no ${key}`);
  const head = at - 6;
  // Values begin at multiples of four, counted from the start of the resource, which is such a multiple itself.
  const valueAt = at + name.length + ((4 - ((at + name.length - (start - 6)) % 4)) % 4);
  const room = head + exe.readUInt16LE(head) - valueAt;
  const bytes = Buffer.from(`${value}\0`, 'utf16le');
  if (bytes.length > room)
    throw new BuildFailure(`"${value}" does not fit the place of ${key}, ${room} bytes`);
  exe.fill(0, valueAt, valueAt + room);
  bytes.copy(exe, valueAt);
  exe.writeUInt16LE(bytes.length / 2, head + 2);
}

function numberBytes(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
