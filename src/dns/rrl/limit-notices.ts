/**
 * What an operator is told about limiting: when a network starts and stops being limited, never each answer.
 * Invariant: however many networks a flood claims to come from, at most BURST notices of a start at once and one a
 * second after that, and one of an end for each.
 */
import type { AnswerClassName } from './answer-class.ts';

/** A start or an end. `prefix` is canonical text such as `192.0.2.0/24`; `suppressed` counts dropped and slipped. */
export type LimitNotice =
  | { readonly kind: 'started'; readonly prefix: string; readonly answerClass: AnswerClassName }
  | {
      readonly kind: 'stopped';
      readonly prefix: string;
      readonly answerClass: AnswerClassName;
      readonly suppressed: number;
    };

/** Starts that may be told at once. */
export const NOTICE_BURST = 10;

/** Milliseconds after which one more start may be told. */
export const NOTICE_INTERVAL_MS = 1000;

/** Decides which starts are told. */
export class NoticeGate {
  #fullAt = -Infinity;

  /** Whether a start at this time is told; if so, it is counted. */
  admit(nowMs: number): boolean {
    const latest = nowMs + NOTICE_BURST * NOTICE_INTERVAL_MS;
    // A clock that went back must not silence the gate for as long as it went.
    this.#fullAt = Math.min(Math.max(this.#fullAt, nowMs), latest);
    if (this.#fullAt + NOTICE_INTERVAL_MS > latest) return false;
    this.#fullAt += NOTICE_INTERVAL_MS;
    return true;
  }
}
