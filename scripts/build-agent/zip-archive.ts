/**
 * A zip file of a folder, the same bytes for the same files: sorted names, one date, no attributes of the machine.
 *
 * Invariant: names use `/` and lie below the given top folder (APPNOTE.TXT 4.3 to 4.5, without zip64).
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';

/** 1980-01-01, the first day that the format knows: `date` in MS-DOS form. */
const DATE = 0x21;
const UTF8_NAMES = 0x0800;
const DEFLATE = 8;

/** Packs all files below `folder` as `top/…`. */
export function zipFolder(folder: string, top: string): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const path of filesBelow(folder)) {
    const data = readFileSync(join(folder, path));
    const packed = deflateRawSync(data, { level: 9 });
    const name = Buffer.from(`${top}/${path}`, 'utf8');
    const shared = sharedHeader(crc32(data), packed.length, data.length, name.length);
    const local = Buffer.concat([bytesOf('PK\x03\x04'), shared, name, packed]);
    const central = Buffer.alloc(14);
    central.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([bytesOf('PK\x01\x02\x14\x00'), shared, central, name]));
    bodies.push(local);
    offset += local.length;
  }
  return Buffer.concat([...bodies, ...directory, endRecord(directory, offset)]);
}

/** The fields that both headers of a file have in common, from "version needed" to "extra field length". */
function sharedHeader(crc: number, packed: number, size: number, name: number): Buffer {
  const header = Buffer.alloc(26);
  [20, UTF8_NAMES, DEFLATE, 0, DATE].forEach((value, i) => header.writeUInt16LE(value, 2 * i));
  [crc, packed, size].forEach((value, i) => header.writeUInt32LE(value, 10 + 4 * i));
  header.writeUInt16LE(name, 22);
  return header;
}

function endRecord(directory: readonly Buffer[], offset: number): Buffer {
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(directory.length, 8);
  end.writeUInt16LE(directory.length, 10);
  end.writeUInt32LE(
    directory.reduce((sum, { length }) => sum + length, 0),
    12,
  );
  end.writeUInt32LE(offset, 16);
  return end;
}

function bytesOf(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll('\\', '/'),
    )
    .sort();
}
