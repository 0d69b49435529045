/**
 * SOA serial arithmetic (RFC 1982): 32-bit numbers on a circle.
 * Invariant: `nextSerial` is always later than its argument, whatever the clock says.
 */

const HALF = 0x8000_0000;

/** A distance that no zone covers by updates between two backups, and that RFC 1982 still calls an increase. */
const RESTORE_STEP = 0x1000_0000;

/** Whether serial `a` is later than serial `b` (RFC 1982 §3.2). */
export function isLaterSerial(a: number, b: number): boolean {
  const distance = (a - b) >>> 0;
  return distance !== 0 && distance < HALF;
}

/** The serial after `serial`: the time in seconds where that is later, one more where it is not. */
export function nextSerial(serial: number, nowMs: number): number {
  const seconds = Math.floor(nowMs / 1000) >>> 0;
  return isLaterSerial(seconds, serial) ? seconds : (serial + 1) >>> 0;
}

/**
 * The serial for a zone restored from a backup that holds `serial`: later than that, and later than any that was
 * served since, also where updates came faster than one a second and the serial had run ahead of the clock.
 */
export function serialAfterRestore(serial: number, nowMs: number): number {
  const ahead = (nextSerial(serial, nowMs) + RESTORE_STEP) >>> 0;
  // Where the backup's serial lags the clock by decades, the step would go past what still counts as later.
  return isLaterSerial(ahead, serial) ? ahead : (serial + HALF - 1) >>> 0;
}
