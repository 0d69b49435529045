/**
 * The HTTP surface as one table: path to handler. Hono routes; what a handler needs it finds in its Exchange.
 * Invariants: no redirect anywhere; no body of a reply that is not a success holds a word of success (D-8.6).
 */
import { Hono } from 'hono';
import { type Clock, systemClock } from '../ops/clock.ts';
import { noteUnserved } from './attempts/recorder.ts';
import { replyCheckip } from './checkip.ts';
import { type ClientsOptions, addClientRoutes } from './clients/client-routes.ts';
import { type EnrollOptions, createEnrollHandler } from './enrol/enroll-handler.ts';
import type { Exchange } from './exchange.ts';
import { replyHealth } from './health.ts';
import { type Description, replyHomePage } from './home-page.ts';
import { plainReply, textReply, toResponse } from './reply.ts';
import { CHECKIP_HTML_PATHS, CHECKIP_TEXT_PATHS, UPDATE_PATHS } from './request-target.ts';
import { type DialectHandler, attributionOf } from './update/dialect.ts';
import { parseUpdateParameters } from './update/parameters.ts';
import { type UpdateSurfaceOptions, createUpdateSurface } from './update/surface.ts';

/** What the HTTP surface works with. */
export interface HttpAppOptions extends Omit<UpdateSurfaceOptions, 'clock' | 'notFound'> {
  readonly describe: () => Description;
  /** Without it there is no `/enroll`. */
  readonly enrolment?: EnrollOptions;
  /** Without it there is nothing at `/clients/`. */
  readonly clients?: ClientsOptions;
  /** Default: the machine's clock. */
  readonly clock?: Clock;
}

/** The hono app with one Exchange for each request as its bindings. */
export type HttpApp = Hono<{ Bindings: Exchange }>;

const NOT_FOUND = `There is nothing at this path.

To send an address:   /nic/update?hostname=NAME&myip=ADDRESS
To see your address:  /ip
`;

/** The app, and the handler to which it routes updates. */
export interface HttpSurface {
  /** Give `app.fetch(request, exchange)` a request whose URL is the exchange's route. */
  readonly app: HttpApp;
  readonly update: DialectHandler;
}

/** Creates the app. */
export function createHttpApp(options: HttpAppOptions): HttpSurface {
  const { health, describe, log, clock = systemClock } = options;
  const attribution = attributionOf(options);
  const notFound = (exchange: Exchange) => {
    if (attribution !== undefined)
      noteUnserved(attribution, exchange, { outcome: 'wrong-path', dialect: '', clock });
    return plainReply(NOT_FOUND, 404);
  };
  const { update, routes } = createUpdateSurface({ ...options, clock, notFound });
  const app: HttpApp = new Hono<{ Bindings: Exchange }>();

  const replyUpdate = async (exchange: Exchange): Promise<Response> => toResponse(await update(exchange));
  for (const path of UPDATE_PATHS) app.all(path, (c) => replyUpdate(c.env));
  for (const [path, handler] of routes) app.all(path, async (c) => toResponse(await handler(c.env)));
  for (const path of CHECKIP_HTML_PATHS) app.all(path, (c) => replyCheckip(c.env, 'html'));
  for (const path of CHECKIP_TEXT_PATHS) app.all(path, (c) => replyCheckip(c.env, 'text'));
  if (options.enrolment !== undefined) {
    const enroll = createEnrollHandler(options.enrolment, { log, clock });
    app.all('/enroll', async (c) => toResponse(await enroll(c.env)));
  }
  if (options.clients !== undefined) addClientRoutes(app, options.clients, { notFound, log });
  app.get('/healthz', () => replyHealth(health));
  app.all('/', (c) => {
    if (namesHost(c.env)) return replyUpdate(c.env);
    if (isCheckipHost(c.env)) return replyCheckip(c.env, 'html');
    return replyHomePage(c.env, describe(), health);
  });

  app.notFound((c) => toResponse(notFound(c.env)));
  app.onError((error, c) => {
    log.error({ requestId: c.env.requestId, err: error }, 'request failed');
    return textReply('This request failed here. Try again later.\n', 500);
  });
  return { app, update };
}

/** Some clients send updates to the bare server name, as deSEC takes them (D-1.2). */
function namesHost({ query }: Exchange): boolean {
  return query !== '' && parseUpdateParameters(query).hosts.length > 0;
}

function isCheckipHost({ host }: Exchange): boolean {
  return /^checkip/i.test(host);
}
