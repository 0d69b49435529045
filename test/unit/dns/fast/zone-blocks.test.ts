import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ZONES_WORD, ZONE_BLOCK } from '../../../../src/dns/fast/table/table-layout.ts';
import { TableMemory, offsetOf } from '../../../../src/dns/fast/table/table-memory.ts';
import { type TableZone, ZoneBlocks } from '../../../../src/dns/fast/table/zone-blocks.ts';

const NUMBER = 3;

/** A zone whose record is `length` octets, each `octet`, but for the serial that it was made with. */
function zone(serial: number, { octet = 1, length = 40, pointers = [12] } = {}): TableZone {
  const record = Buffer.alloc(length, octet);
  record.writeUInt32BE(serial, length - 20);
  return { serial, apexLength: 9, record, pointers };
}

function createBlocks() {
  const readers = new Int32Array(new SharedArrayBuffer(4));
  const memory = new TableMemory(readers, () => undefined);
  const reference = (): number => memory.directory[ZONES_WORD + NUMBER]!;
  const read = (at = reference()): Buffer => {
    const { buffer, byteOffset } = memory.chunkOf(at).bytes;
    return Buffer.from(buffer, byteOffset + offsetOf(at), ZONE_BLOCK.RECORD + 64);
  };
  return { blocks: new ZoneBlocks(memory), memory, readers, reference, read };
}

describe('zone blocks', () => {
  it('hold what negative answers carry, laid out as readers expect', () => {
    const { blocks, read } = createBlocks();
    const { record } = zone(7);
    blocks.put(NUMBER, zone(7, { pointers: [12, 15] }));
    const block = read();
    assert.equal(block.readUInt32BE(ZONE_BLOCK.SERIAL), 7);
    assert.equal(block.readUInt16LE(ZONE_BLOCK.LENGTH), record.length);
    assert.equal(block[ZONE_BLOCK.APEX_LENGTH], 9);
    assert.equal(block[ZONE_BLOCK.POINTERS], 2);
    const end = ZONE_BLOCK.RECORD + record.length;
    assert.deepEqual(block.subarray(ZONE_BLOCK.RECORD, end), record);
    assert.deepEqual([...block.subarray(end, end + 2)], [12, 15]);
  });

  it('change by nothing but one word where only the serial is new', () => {
    const { blocks, memory, reference, read } = createBlocks();
    blocks.put(NUMBER, zone(7));
    const [at, bytes, before] = [reference(), memory.bytes, Buffer.from(read())];
    blocks.put(NUMBER, zone(0xfedcba98));
    assert.equal(reference(), at);
    assert.equal(memory.bytes, bytes);
    assert.equal(read().readUInt32BE(ZONE_BLOCK.SERIAL), 0xfedcba98);
    assert.deepEqual(read().subarray(4), before.subarray(4));
  });

  it('are replaced whole by any other change, and stay as they were for a reader that has them', () => {
    for (const other of [{ octet: 2 }, { length: 48 }, { pointers: [13] }, { pointers: [12, 13] }]) {
      const { blocks, readers, reference, read } = createBlocks();
      blocks.put(NUMBER, zone(7));
      const old = reference();
      const before = Buffer.from(read().subarray(0, ZONE_BLOCK.RECORD + 41));
      Atomics.store(readers, 0, 1);
      for (let serial = 8; serial < 600; serial++) blocks.put(NUMBER, zone(serial, serial % 2 ? {} : other));
      assert.notEqual(reference(), old);
      assert.deepEqual(read(old).subarray(0, before.length), before);
    }
  });

  it('give their memory back, which is used again once no reader can be looking', () => {
    const { blocks, memory, reference } = createBlocks();
    const turn = (times: number): void => {
      for (let i = 0; i < times; i++) {
        blocks.put(NUMBER, zone(i));
        blocks.remove(NUMBER);
      }
    };
    turn(1000);
    assert.equal(reference(), 0);
    const steady = memory.bytes;
    turn(10_000);
    assert.equal(memory.bytes, steady);
    blocks.remove(NUMBER);
    assert.equal(reference(), 0, 'a zone without a block has none to take away');
  });
});
