/** The fast lane by itself, over real sockets: what it does with a client that does not read. */
import assert from 'node:assert/strict';
import { type AddressInfo, connect, createServer } from 'node:net';
import { it } from 'node:test';
import { createFastLane } from '../../../../src/http/connection/fast-lane.ts';
import { plainReply } from '../../../../src/http/reply.ts';
import { parseIpAddress } from '../../../../src/net/ip-address.ts';

/** More than the kernel keeps for one connection. */
const LONG = 'x'.repeat(32 * 1024 * 1024);
const REQUEST = 'GET /nic/update HTTP/1.1\r\nConnection: keep-alive\r\n\r\n';

it('reads no further from a client that does not read its replies', async (t) => {
  let answered = 0;
  const lane = createFastLane({
    answer: () => plainReply(++answered === 1 ? LONG : 'second\n'),
    refuseSilent: (socket) => socket.destroy(),
    headerBytes: 1024,
    headersTimeout: 10_000,
    keepAliveTimeout: 10_000,
  });
  const server = createServer((socket) => {
    lane.take(socket, parseIpAddress('127.0.0.1')!, () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  t.after(() => client.destroy());
  client.pause();
  client.write(REQUEST);
  await new Promise((resolve) => setTimeout(resolve, 100));
  client.write(REQUEST);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(answered, 1);

  let [length, end] = [0, ''];
  client.on('data', (chunk) => {
    length += chunk.length;
    end = (end + chunk.toString('latin1')).slice(-LONG.length / 1024);
  });
  client.resume();
  while (!end.endsWith('\r\n\r\nsecond\n')) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(answered, 2);
  assert.ok(length > LONG.length);
});
