/** Plain requests: what is taken for one, and that Node's own parser reads it the same. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { Duplex } from 'node:stream';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parsePlainRequest } from '../../../../src/http/connection/plain-request.ts';

const LINE = 'GET /nic/update?hostname=a.example.test&myip=192.0.2.1 HTTP/1.1';
const CARRIED = [
  'authorization',
  'connection',
  'content-type',
  'forwarded',
  'host',
  'user-agent',
  'x-api-key',
  'x-api-user',
  'x-forwarded-for',
  'x-forwarded-proto',
] as const;

describe('parsePlainRequest', () => {
  it('reads the target as it stands and the fields that an update needs', () => {
    const fields =
      'Host: h\r\nauthorization:Basic YTpi\r\nUSER-AGENT: \t dd client \t\r\nAccept: */*\r\nX-Forwarded-For:\r\n';
    const request = parsePlainRequest(`${LINE}\r\n${fields}\r\n`)!;
    assert.equal(request.target, '/nic/update?hostname=a.example.test&myip=192.0.2.1');
    assert.deepEqual(request.head.headers, {
      host: 'h',
      authorization: 'Basic YTpi',
      'user-agent': 'dd client',
      'x-forwarded-for': '',
    });
    assert.deepEqual(parsePlainRequest(`${LINE}\r\n\r\n`)?.head.headers, {});
  });

  it('uses a known head again where the next one is the same, and only then', () => {
    const { head } = parsePlainRequest(`${LINE}\r\nUser-Agent: a\r\n\r\n`)!;
    assert.equal(parsePlainRequest(`GET /other HTTP/1.1\r\nUser-Agent: a\r\n\r\n`, head)?.head, head);
    const next = parsePlainRequest(`${LINE}\r\nUser-Agent: b\r\n\r\n`, head)!;
    assert.equal(next.head.headers['user-agent'], 'b');
    assert.equal(parsePlainRequest(`GET /\r\nUser-Agent: a\r\n\r\n`, head), undefined);
  });

  for (const [what, text] of Object.entries({
    'another method': 'POST /nic/update HTTP/1.1\r\n\r\n',
    'an older version': 'GET /nic/update HTTP/1.0\r\n\r\n',
    'an absolute target': 'GET http://h/nic/update HTTP/1.1\r\n\r\n',
    'a blank in the target': 'GET /nic/update?a b HTTP/1.1\r\n\r\n',
    'a fragment': 'GET /nic/update#a HTTP/1.1\r\n\r\n',
    'an octet beyond ASCII in the target': 'GET /nic/update?\xe4 HTTP/1.1\r\n\r\n',
    'an empty line first': `\r\n${LINE}\r\n\r\n`,
    'bare line feeds': `${LINE}\nHost: h\n\n`,
    'a head that has not ended': `${LINE}\r\nHost: h\r\n`,
    'bytes behind the end': `${LINE}\r\nHost: h\r\n\r\nG`,
    'two requests': `${LINE}\r\n\r\n${LINE}\r\n\r\n`,
    'a folded field': `${LINE}\r\nUser-Agent: a\r\n b\r\n\r\n`,
    'a blank before the colon': `${LINE}\r\nUser-Agent : a\r\n\r\n`,
    'a field without a name': `${LINE}\r\n: a\r\n\r\n`,
    'a control character': `${LINE}\r\nUser-Agent: a\0b\r\n\r\n`,
    'a length': `${LINE}\r\nContent-Length: 0\r\n\r\n`,
    'an encoding': `${LINE}\r\ntransfer-encoding: chunked\r\n\r\n`,
    'an expectation': `${LINE}\r\nExpect: 100-continue\r\n\r\n`,
    'an upgrade': `${LINE}\r\nUpgrade: h2c\r\n\r\n`,
    'a field twice': `${LINE}\r\nAuthorization: a\r\nAuthorization: b\r\n\r\n`,
  }))
    it(`leaves ${what} to Node`, () => {
      assert.equal(parsePlainRequest(text), undefined);
    });

  it('takes nothing that Node would read in another way, or refuse', async () => {
    let taken = 0;
    const names = fc.oneof(
      fc.constantFrom(
        ...CARRIED,
        'Accept',
        'Content-Length',
        'TE',
        'Transfer-Encoding',
        'Proxy-Connection',
        'Cookie',
      ),
      fc.constantFrom('__proto__', 'constructor', 'x y', ' Host', 'A\tb', ''),
    );
    const values = fc.oneof(
      fc.constantFrom(
        'keep-alive',
        'close',
        'upgrade',
        'chunked',
        '0',
        ' \t a \t',
        '\xa0a\xa0',
        'a,b',
        '',
        'a\x7f',
        'a\rb',
        'a\nb',
      ),
      fc.string({ maxLength: 8 }),
    );
    const requests = fc.record({
      line: fc.constantFrom(LINE, 'GET / HTTP/1.1', 'GET //x?y=%zz&&[] HTTP/1.1', 'GET /"<>\\^`{|} HTTP/1.1'),
      fields: fc.array(fc.tuple(names, fc.constantFrom(': ', ':', ' :', ':\t'), values), { maxLength: 6 }),
      damage: fc.option(fc.tuple(fc.nat(400), fc.integer({ min: 0, max: 255 })), { freq: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(requests, async ({ line, fields, damage }) => {
        const whole = [line, ...fields.map((field) => field.join('')), '\r\n'].join('\r\n');
        const text = damage === null ? whole : replaceAt(whole, damage[0] % whole.length, damage[1]);
        const plain = parsePlainRequest(text);
        if (plain === undefined) return;
        taken++;
        const { target, head } = plain;
        assert.deepEqual(
          await readByNode(text),
          { url: target, headers: { ...head.headers } },
          JSON.stringify(text),
        );
      }),
      { numRuns: 3_000 },
    );
    assert.ok(taken > 150, `only ${taken} were plain`);
  });
});

function replaceAt(text: string, at: number, code: number): string {
  return text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1);
}

/** What Node's parser makes of a connection that begins with this text: one request, or why not. */
function readByNode(text: string): Promise<unknown> {
  return new Promise((resolve) => {
    const requests: unknown[] = [];
    const server = createServer({ requireHostHeader: false }, (message) => {
      const headers = Object.fromEntries(
        CARRIED.filter((name) => message.headers[name] !== undefined).map((name) => [
          name,
          message.headers[name],
        ]),
      );
      requests.push({ url: message.url, headers });
      message.on('data', () => requests.push('a body'));
    });
    for (const event of ['clientError', 'upgrade', 'connect', 'checkExpectation'] as const)
      server.on(event, () => requests.push(event));
    const connection = new Duplex({
      read: () => undefined,
      write: (_chunk, _encoding, done) => {
        done();
      },
    });
    server.emit('connection', connection);
    connection.push(Buffer.from(text, 'latin1'));
    setImmediate(() => {
      setImmediate(() => {
        connection.destroy();
        resolve(requests.length === 1 ? requests[0] : requests);
      });
    });
  });
}
