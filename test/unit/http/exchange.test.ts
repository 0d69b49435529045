/** Exchanges: the body of a message whose client has gone before anybody read it. */
import assert from 'node:assert/strict';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { it } from 'node:test';
import { MessageExchange } from '../../../src/http/exchange.ts';
import { parseIpAddress } from '../../../src/net/ip-address.ts';

const PROVED = { requestId: '1', route: '/', query: '', source: parseIpAddress('127.0.0.1')!, secure: false };

it('a body that is read after its client has gone is cut short', async (t) => {
  const gone = new Promise<IncomingMessage>((resolve) => {
    const server = createServer((message: IncomingMessage, response: ServerResponse) => {
      message.on('error', () => undefined); // that it was cut off
      response.on('close', () => {
        resolve(message);
      });
    });
    t.after(() => server.close());
    server.listen(0, '127.0.0.1', () => {
      const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
      client.write('POST / HTTP/1.1\r\nHost: d\r\nContent-Length: 10\r\n\r\nhalf');
      server.once('request', () => client.resetAndDestroy());
    });
  });
  const body = await new MessageExchange(await gone, 100, PROVED).readBody();
  assert.deepEqual(body, { kind: 'cut-short' });
});
