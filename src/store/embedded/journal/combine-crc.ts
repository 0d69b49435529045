/**
 * The CRC-32 of bytes of which two parts were summed on their own: as a record's beginning holds its commit's number, it
 * is written last, and nobody should read a hundred megabytes again for that.
 * Invariant: equals the CRC-32 of both parts one behind the other. Polynomials over GF(2), the lowest power at the highest bit.
 */

const POLYNOMIAL = 0xedb88320;
const ONE = 0x8000_0000;
/** x^8: one byte of zeros. */
const BYTE = 0x0080_0000;

/** The CRC-32 of two parts from their own, where the second has `length` bytes. */
export function combineCrc32(first: number, second: number, length: number): number {
  let shift = ONE;
  let power = BYTE;
  for (let left = length; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) shift = multiply(power, shift);
    power = multiply(power, power);
  }
  return (multiply(shift, first) ^ second) >>> 0;
}

/** The product of two polynomials, modulo the one of the CRC. */
function multiply(a: number, b: number): number {
  let product = 0;
  let shifted = b;
  for (let bit = ONE; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= shifted;
    shifted = (shifted & 1) === 0 ? shifted >>> 1 : (shifted >>> 1) ^ POLYNOMIAL;
  }
  return product >>> 0;
}
