/**
 * Hostile requests in number, `FUZZ_REQUESTS` of them, through the real app over a real store: each ends, none in a 500
 * or an error in the log, none in a body that a client would take for a success that was none; one log line for each.
 */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import fc from 'fast-check';
import { type HttpSurface, createHttpApp } from '../../../src/http/app.ts';
import type { Exchange } from '../../../src/http/exchange.ts';
import { isUpdatePath, parseRequestTarget } from '../../../src/http/request-target.ts';
import { parseIpAddress } from '../../../src/net/ip-address.ts';
import { parseIpPrefix } from '../../../src/net/ip-prefix.ts';
import { type Backing, name, openBacking } from '../site.ts';
import { type HostileRequest, assertNoFalseSuccess, hostileRequest } from './hostile-requests.ts';
import { PEOPLE } from './published-site.ts';

const REQUESTS = Number(process.env['FUZZ_REQUESTS'] ?? 100_000);
const BATCH = 200;
const SOURCE = parseIpAddress('203.0.113.9')!;
const STATUSES = [200, 201, 400, 401, 403, 404, 405, 409, 503];

let backing: Backing;
let surface: HttpSurface;
let sent = 0;

before(async () => {
  backing = await openBacking({
    ...PEOPLE,
    gnudip: ['HomeToken'],
    registration: {
      account: 'bob',
      below: name('auth.example.test'),
      from: [parseIpPrefix('203.0.113.0/32')!],
      quota: { burst: 0, refillMs: 1 },
    },
  });
  surface = createHttpApp(backing.app);
});
after(() => backing.close());

interface Answer {
  readonly request: HostileRequest;
  readonly requestId: string;
  readonly route: string;
  readonly status: number;
  readonly body: string;
}

/** As the request listener does it, without the network. */
async function ask(request: HostileRequest): Promise<Answer> {
  const { method, target, headers, body } = request;
  const { route, query } = parseRequestTarget(target);
  const requestId = `r${sent++}`;
  const exchange: Exchange = {
    requestId,
    method,
    route,
    query,
    host: 'd',
    headers,
    source: SOURCE,
    secure: false,
    readBody: () => Promise.resolve({ kind: 'whole', bytes: Buffer.from(body) }),
    hangUp: () => undefined,
  };
  if (method === 'GET' && isUpdatePath(route))
    return { ...(await surface.update(exchange)), request, requestId, route };
  const reply = await surface.app.fetch(new Request(`http://localhost${route}`, { method }), exchange);
  return { status: reply.status, body: await reply.text(), request, requestId, route };
}

/** The log's lines of the batch by request; fails on anything that is no line of an update. */
function linesByRequest(): Map<string, { dialect: string; outcomes: readonly string[] }> {
  const lines = new Map<string, { dialect: string; outcomes: readonly string[] }>();
  for (const { level, fields, message } of backing.log.splice(0)) {
    assert.ok(level !== 'error' && message === 'update', JSON.stringify({ fields, message }));
    const requestId = String(fields['requestId']);
    assert.ok(!lines.has(requestId), 'one line');
    const { dialect = 'dyndns2', outcomes } = fields as { dialect?: string; outcomes: readonly string[] };
    lines.set(requestId, { dialect, outcomes });
  }
  return lines;
}

/** Whether a reply is to an attempt: no page, salt or wrong method. */
function isAttempt({ request: { method }, route, status, body }: Answer): boolean {
  const isPage =
    body.startsWith('<!doctype') || body.includes('Salt generated') || route.startsWith('/health');
  return method !== 'HEAD' && status !== 405 && !isPage && !body.startsWith('There is nothing');
}

it(`${REQUESTS} hostile requests to all dialects`, { timeout: 300_000 }, async (t) => {
  const counts = new Map<string, number>();
  const check = async (requests: readonly HostileRequest[]): Promise<void> => {
    const answers = await Promise.all(requests.map(ask));
    const lines = linesByRequest();
    for (const answer of answers) {
      const about = JSON.stringify(answer);
      assert.ok(STATUSES.includes(answer.status), about);
      const line = lines.get(answer.requestId);
      assert.equal(line !== undefined, isAttempt(answer), about);
      if (line === undefined) continue;
      assertNoFalseSuccess(answer, line, about);
      for (const outcome of line.outcomes) {
        const key = `${line.dialect} ${outcome}`;
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
    }
  };
  const batch = fc.array(hostileRequest, { minLength: BATCH, maxLength: BATCH, size: 'max' });
  await fc.assert(fc.asyncProperty(batch, check), {
    numRuns: Math.ceil(REQUESTS / BATCH),
    endOnFailure: true,
  });
  t.diagnostic(JSON.stringify(Object.fromEntries([...counts].sort())));
  for (const dialect of ['duckdns', 'dynv6', 'freedns', 'plain', 'httpreq', 'acme-dns'])
    assert.ok(
      counts.has(`${dialect} changed`) && counts.has(`${dialect} bad-request`),
      `${dialect} was reached`,
    );
});
