/**
 * Two update URLs that a FRITZ!Box was given in one field, separated by a blank: new firmware sends two requests, old
 * firmware one, whose query goes on with the second URL. Pure; any text is taken.
 */

/** A blank as it stands in a raw target, and the URL behind it up to its query. */
const NEXT_URL = /(?:%20|\+)+https?(?::|%3a)(?:\/|%2f){2}[^?&]*\??/i;

/** The raw queries of all URLs, the first one's first; one for nearly every request. */
export function splitJoinedUrls(query: string): readonly string[] {
  return query.includes('http') ? query.split(NEXT_URL, MAX_URLS) : [query];
}

const MAX_URLS = 4;
