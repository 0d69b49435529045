/**
 * The input of a TCP connection, cut into messages by their two-octet lengths (RFC 1035 §4.2.2).
 * Invariant: copying is linear in what was received however small the pieces are, and a buffer that was emptied holds
 * no more than IDLE_CAPACITY.
 */

const PREFIX = 2;
const IDLE_CAPACITY = 1024;

/** Takes pieces of a stream and gives whole messages. */
export class FrameBuffer {
  #bytes: Buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;

  /** Whether a whole message is there. */
  get isReady(): boolean {
    const held = this.#end - this.#start;
    return held >= PREFIX && held >= PREFIX + this.#bytes.readUInt16BE(this.#start);
  }

  /** Takes the next piece of the stream. */
  append(chunk: Uint8Array): void {
    const held = this.#end - this.#start;
    if (this.#end + chunk.length > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(held + chunk.length, 2 * held));
      this.#bytes.copy(grown, 0, this.#start, this.#end);
      this.#bytes = grown;
      this.#start = 0;
      this.#end = held;
    }
    this.#bytes.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** The next message, valid until the next call; undefined where none is complete. */
  next(): Uint8Array | undefined {
    if (!this.isReady) return undefined;
    const start = this.#start + PREFIX;
    const end = start + this.#bytes.readUInt16BE(this.#start);
    const message = this.#bytes.subarray(start, end);
    this.#start = end;
    if (this.#start === this.#end) {
      this.#start = this.#end = 0;
      if (this.#bytes.length > IDLE_CAPACITY) this.#bytes = Buffer.alloc(0);
    }
    return message;
  }
}
