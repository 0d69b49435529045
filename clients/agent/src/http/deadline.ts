/**
 * A signal that fires with its parent or when the time is over. Invariant: afterwards nothing of it is left at the parent,
 * which lives as long as the agent: for years.
 */

/** Calls `use` with the signal; a time that is over is a `TimeoutError`. */
export async function withDeadline<T>(
  parent: AbortSignal,
  ms: number,
  use: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort(new DOMException('The time is over.', 'TimeoutError'));
  }, ms);
  const follow = (): void => {
    controller.abort(parent.reason);
  };
  parent.addEventListener('abort', follow, { once: true });
  if (parent.aborted) follow();
  try {
    return await use(controller.signal);
  } finally {
    clearTimeout(timer);
    parent.removeEventListener('abort', follow);
  }
}
