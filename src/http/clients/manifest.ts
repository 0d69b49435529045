/**
 * Which client files there are: the manifest that the client build writes beside them.
 * Invariants: a file that the manifest does not list is never served; a name is one path segment that begins with a
 * letter or digit, so nothing outside the folder can be meant.
 */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type Parsed, parsed, unparsable } from '../../ops/parsed.ts';

const MEDIA_TYPE = /^[a-z0-9!#$&^_.+-]+\/[a-z0-9!#$&^_.+-]+(?:; ?charset=[a-z0-9-]+)?$/i;

const fileSchema = z.object({
  /** Of the file in the folder of the manifest. */
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/),
  bytes: z.int().min(0),
  /** Lower-case hexadecimal. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** The media type. */
  type: z.string().regex(MEDIA_TYPE),
  /** One sentence for people. */
  about: z.string().max(500),
});

const manifestSchema = z.array(fileSchema).max(200);

/** A file that may be served. */
export type ClientFile = z.infer<typeof fileSchema>;

/** The name of the manifest in its folder. */
export const MANIFEST_NAME = 'manifest.json';

/** A folder of client files. */
export interface ClientLibrary {
  readonly directory: string;
  /** The files as the manifest has them now, by name; or why there are none, for the operator. */
  files(): Promise<Parsed<ReadonlyMap<string, ClientFile>>>;
}

/** A library over a folder; a manifest that is replaced while the server runs is read again. */
export function createClientLibrary(directory: string): ClientLibrary {
  let known:
    { readonly version: string; readonly files: Parsed<ReadonlyMap<string, ClientFile>> } | undefined;
  const path = join(directory, MANIFEST_NAME);
  return {
    directory,
    async files() {
      try {
        const { mtimeMs, size, ino } = await stat(path);
        const version = `${mtimeMs} ${size} ${ino}`;
        if (known?.version !== version)
          known = { version, files: parseManifest(await readFile(path, 'utf8'), path) };
        return known.files;
      } catch (error) {
        return unparsable(error instanceof Error ? error.message : String(error));
      }
    },
  };
}

/** Reads a manifest; `path` names it in the reason of a failure. */
export function parseManifest(text: string, path: string): Parsed<ReadonlyMap<string, ClientFile>> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return unparsable(`${path} is not JSON`);
  }
  const result = manifestSchema.safeParse(json);
  if (result.success) return parsed(new Map(result.data.map((file) => [file.name, file])));
  const issue = result.error.issues[0];
  return unparsable(`${path}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`);
}
