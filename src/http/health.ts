/** `/healthz`: whether this instance does its whole job now (D-10.1). Invariant: 200 only when it does. */
import { jsonReply } from './reply.ts';

/** The state of the whole: `checks` names each part with `pass` or a sentence that says what is wrong. */
export interface Health {
  readonly healthy: boolean;
  readonly checks: Readonly<Record<string, string>>;
}

/** Finds out the state; a rejection counts as unhealthy. */
export type HealthCheck = () => Promise<Health>;

/** The health, where the check itself failed too: then unhealthy, with the reason. */
export async function resolveHealth(check: HealthCheck): Promise<Health> {
  try {
    return await check();
  } catch (error) {
    return { healthy: false, checks: { check: error instanceof Error ? error.message : String(error) } };
  }
}

/** 200 or 503 with the checks as JSON. */
export async function replyHealth(check: HealthCheck): Promise<Response> {
  const health = await resolveHealth(check);
  return jsonReply({ healthy: health.healthy, checks: health.checks }, health.healthy ? 200 : 503);
}
