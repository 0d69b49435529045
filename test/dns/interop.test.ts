/** Programs and libraries of others as clients of a running server. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import test, { type TestContext } from 'node:test';
import { TCPClient, UDPClient } from 'dns2';
import { startServer } from './client.ts';

const run = promisify(execFile);

/** What a program prints; undefined after skipping the test where the machine lacks it. */
async function output(t: TestContext, program: string, args: readonly string[]): Promise<string | undefined> {
  try {
    const { stdout } = await run(program, args);
    return stdout;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    t.skip(`needs ${program}`);
    return undefined;
  }
}

for (const program of ['dig', 'kdig']) {
  const ask = async (t: TestContext, ...question: string[]): Promise<string | undefined> => {
    const { port } = await startServer(t);
    return output(t, program, ['@127.0.0.1', '-p', String(port), '+time=2', ...question]);
  };

  void test(`${program}: an address, through an alias`, async (t) => {
    const text = await ask(t, '+noall', '+answer', 'www.example.test', 'A');
    if (text === undefined) return;
    const lines = text
      .trim()
      .split('\n')
      .map((line) => line.replace(/\s+/g, ' '));
    assert.deepEqual(lines, [
      'www.example.test. 60 IN CNAME home.example.test.',
      'home.example.test. 60 IN A 192.0.2.10',
    ]);
  });

  void test(`${program}: a long answer over UDP, then by itself over TCP`, async (t) => {
    const text = await ask(t, '+short', 'big.example.test', 'TXT');
    if (text !== undefined) assert.equal(text.split('\n').filter((line) => line.includes('xxx')).length, 12);
  });

  void test(`${program}: a name that does not exist, with EDNS`, async (t) => {
    const text = await ask(t, '+norec', '+edns', 'nope.example.test', 'A');
    if (text === undefined) return;
    assert.match(text, /status: NXDOMAIN/);
    assert.match(text, /flags: qr aa/i);
    assert.match(text, /1232/);
    assert.match(text, /example\.test\.\s+60\s+IN\s+SOA/);
    assert.doesNotMatch(text, /warning|malformed|extra bytes/i);
  });

  void test(`${program}: what is refused, and why`, async (t) => {
    const text = await ask(t, '+edns', 'elsewhere.test', 'A');
    if (text === undefined) return;
    assert.match(text, /status: REFUSED/);
    assert.match(text, /Not Authoritative/);
  });
}

void test('drill: an alias, an absence, a long answer over TCP, and a referral to nobody', async (t) => {
  const { port } = await startServer(t);
  const ask = (...args: string[]): Promise<string | undefined> =>
    output(t, 'drill', ['-p', String(port), '@127.0.0.1', ...args]);
  const alias = await ask('www.example.test', 'A');
  if (alias === undefined) return;
  assert.match(alias, /rcode: NOERROR/);
  assert.match(alias, /www\.example\.test\.\s+60\s+IN\s+CNAME\s+home\.example\.test\./);
  assert.match(alias, /home\.example\.test\.\s+60\s+IN\s+A\s+192\.0\.2\.10/);
  assert.match((await ask('nope.example.test', 'AAAA'))!, /rcode: NXDOMAIN.*\n;; flags: qr aa/);
  const long = (await ask('-t', 'big.example.test', 'TXT'))!;
  assert.equal(long.match(/\sIN\s+TXT\s+"/g)?.length, 12);
  assert.match((await ask('elsewhere.test', 'A'))!, /rcode: REFUSED/);
});

void test('dns2: its UDP and TCP clients', async (t) => {
  const { port } = await startServer(t);
  const udp = UDPClient({ dns: '127.0.0.1', port });
  const tcp = TCPClient({ dns: '127.0.0.1', port });
  for (const resolve of [udp, tcp]) {
    const { answers } = await resolve('www.example.test', 'A');
    assert.deepEqual(
      answers.map(({ name, type }) => [name, type]),
      [
        ['www.example.test', 5],
        ['home.example.test', 1],
      ],
    );
    assert.equal(answers[1]!.address, '192.0.2.10');
    const big = await resolve('big.example.test', 'TXT');
    assert.equal(big.answers.length, 12);
    const nope = await resolve('nope.example.test', 'A');
    assert.equal(nope.header.rcode, 3);
    assert.equal(nope.authorities[0]?.name, 'example.test');
  }
});
