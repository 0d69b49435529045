/**
 * What has to be typed into a device so that it updates a host: the shape of such a recipe, and the URLs in it.
 * Invariant: a recipe is data made of its values alone; how it looks on a terminal or a page is decided elsewhere.
 */
import type { ServerUrl } from '../net/server-url.ts';

/** What differs between two hosts. Each stands in the text as it is given here. */
export interface RecipeValues {
  readonly server: ServerUrl;
  readonly account: string;
  /** A token's secret, or a word that stands for it. */
  readonly token: string;
  readonly hostname: string;
}

/** One part of a recipe, in the order in which it is done. */
export type Step =
  | { readonly kind: 'text'; readonly text: string }
  /** A form: labels as the device shows them, and what to type there. */
  | { readonly kind: 'fields'; readonly fields: readonly (readonly [label: string, value: string])[] }
  /** A file to write; `about` is what its first lines say, as comments. */
  | {
      readonly kind: 'file';
      readonly name: string;
      readonly about: readonly string[];
      readonly text: string;
    }
  /** Commands to type. */
  | { readonly kind: 'commands'; readonly text: string };

/** From where menus, labels and options are known: the maker's documents, the source, what users write, or neither. */
export type Basis = 'documents' | 'source' | 'reports' | 'nowhere';

/** A recipe for one device or program. */
export interface Recipe {
  /** The word that chooses it: lower-case letters, digits, `.` and `-`. */
  readonly device: string;
  /** What people call it. */
  readonly title: string;
  /** What it keeps current, in a few words. */
  readonly works: string;
  readonly known: Basis;
  steps(values: RecipeValues): readonly Step[];
}

/** A sentence or two for people. */
export function text(...sentences: readonly string[]): Step {
  return { kind: 'text', text: sentences.join(' ') };
}

/** A form to fill in. */
export function fields(...rows: readonly (readonly [label: string, value: string])[]): Step {
  return { kind: 'fields', fields: rows };
}

/** The update URL with a query, which may hold words that the device fills in. */
export function updateUrl({ server }: RecipeValues, query: string): string {
  return `${server.scheme}://${server.authority}/nic/update?${query}`;
}

/** The same with credentials before the server's name, as programs read them that have no other place for them. */
export function updateUrlWithLogin({ server, account, token }: RecipeValues, query: string): string {
  const login = `${escapeUrl(account)}:${escapeUrl(token)}`;
  return `${server.scheme}://${login}@${server.authority}/nic/update?${query}`;
}

/** A value inside a URL; the marks of the shipped examples, which only have letters and underscores, stay. */
export function escapeUrl(value: string): string {
  return encodeURIComponent(value);
}

/** `yes` or `no`, or other words for it, by whether the server is reached over TLS. */
export function byTls<T>({ server }: RecipeValues, withTls: T, without: T): T {
  return server.scheme === 'https' ? withTls : without;
}
