/** The fast lane by itself, over real sockets: what it does with clients that do not read, or speak too late. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { type TestContext, describe, it } from 'node:test';
import { type FastLaneOptions, createFastLane } from '../../../../src/http/connection/fast-lane.ts';
import { plainReply } from '../../../../src/http/reply.ts';
import { parseIpAddress } from '../../../../src/net/ip-address.ts';

/** More than the kernel keeps for one connection. */
const LONG = 'x'.repeat(32 * 1024 * 1024);
const REQUEST = 'GET /nic/update HTTP/1.1\r\nConnection: keep-alive\r\n\r\n';

/** A connection into a lane, which ends with the test: the client, and the server's side of it. */
async function openConnection(
  t: TestContext,
  options: Pick<FastLaneOptions, 'answer'> & Partial<FastLaneOptions>,
): Promise<{ readonly client: Socket; readonly accepted: Socket }> {
  const lane = createFastLane({
    refuseSilent: (socket) => socket.destroy(),
    headerBytes: 1024,
    headersTimeout: 10_000,
    keepAliveTimeout: 10_000,
    ...options,
  });
  const server = createServer((socket) => {
    lane.take(socket, parseIpAddress('127.0.0.1')!, () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const accepting = once(server, 'connection') as Promise<[Socket]>;
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.on('error', () => undefined);
  t.after(() => client.destroy());
  const [accepted] = await accepting;
  return { client, accepted };
}

describe('fast lane', () => {
  it('reads no further from a client that does not read its replies', async (t) => {
    let answered = 0;
    const { client } = await openConnection(t, {
      answer: () => plainReply(++answered === 1 ? LONG : 'second\n'),
    });
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

  for (const connection of ['keep-alive', 'close'])
    it(`gives up a client that never takes its reply, with Connection: ${connection}`, async (t) => {
      const { client, accepted } = await openConnection(t, {
        answer: () => plainReply(LONG),
        keepAliveTimeout: 0,
      });
      client.pause();
      client.write(REQUEST.replace('keep-alive', connection));
      await once(accepted, 'close', { signal: AbortSignal.timeout(10_000) });
      assert.ok(accepted.bytesWritten > 0);
    });

  it('does nothing that is asked behind the word that it came too late', async (t) => {
    let answered = 0;
    const { client, accepted } = await openConnection(t, {
      answer: () => plainReply(`${++answered}\n`),
      headersTimeout: 50,
      refuseSilent: (socket) => socket.write('too late\n'),
    });
    await once(client, 'data');
    client.write(REQUEST);
    while (accepted.bytesRead < REQUEST.length) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(answered, 0);
  });
});
