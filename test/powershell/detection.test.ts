/** Detection and DNS of the module: quorum, STUN, interfaces, commands, proxies, TLS with a client certificate (A-1, A-2.7, A-3). */
import assert from 'node:assert/strict';
import { type Socket as Udp, createSocket } from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { canIssue, createAuthority } from '../clients/scripted/certificates.ts';
import { buildHost, quote, startEngine } from './engine.ts';
import { startScriptedServer } from '../clients/scripted/server.ts';

const host = await buildHost();
const skip = 'skip' in host ? host.skip : false;
const engine = 'path' in host ? await startEngine(host.path) : undefined;
after(() => engine?.close());

/** Asks sources and returns the address and what each said. */
async function detect(
  family: string,
  sources: readonly string[],
  { quorum = 1, more = '' } = {},
): Promise<{ address: string | null; words: string; answers: number }> {
  return (await engine!.ask(`
    $loop = New-HomingLoop
    $settings = @{ Sources = @(${sources.map((one) => `(ConvertTo-HomingSource ${quote(one)})`).join(',')}); Quorum = ${quorum}; Timeout = 1500.0; ByDefault = $false }
    $context = @{ Server = $null; AllowPrivate = $false; Previous = $null }
    ${more}
    $d = Start-HomingDetection $loop ${quote(family)} $settings $context { } @{}
    while (-not $d.Ended) { [void] (Step-HomingLoop $loop 100) }
    @{ address = $d.Address; words = $d.Words; answers = $d.Answers.Count }`)) as {
    address: string | null;
    words: string;
    answers: number;
  };
}

test(
  'A-1.1, A-1.7: enough sources must agree; a tie is no address, and the words say who said what',
  { skip },
  async () => {
    const say = (text: string): string => `command:echo ${text}`;
    assert.equal(
      (await detect('ipv4', [say('9.9.9.9'), `${say('9.9.9.9')} `, say('1.1.1.1')], { quorum: 2 })).address,
      '9.9.9.9',
    );
    const tie = await detect('ipv4', [say('9.9.9.9'), say('1.1.1.1')]);
    assert.equal(tie.address, null);
    assert.match(
      tie.words,
      /command:echo 9\.9\.9\.9 said 9\.9\.9\.9; command:echo 1\.1\.1\.1 said 1\.1\.1\.1|1\.1\.1\.1; command/,
    );
    const apart = await detect('ipv4', [say('9.9.9.9'), say('1.1.1.1'), say('10.0.0.1')], { quorum: 2 });
    assert.equal(apart.address, null);
    assert.match(apart.words, /2 of 3 must agree.*not reachable from everywhere \(private\)/);
    // Known as soon as nothing that is still to come can change it.
    const early = await detect('ipv6', [say('2620:fe::fe'), say('2620:00FE::00fe'), 'command:sleep 5'], {
      quorum: 2,
    });
    assert.deepEqual([early.address, early.answers], ['2620:fe::fe', 2]);
  },
);

test('A-1.3: a command counts with its first line, exit code 0, and in time', { skip }, async () => {
  assert.equal((await detect('ipv4', [`command:sh -c "echo 9.9.9.9; echo noise"`])).address, '9.9.9.9');
  assert.match((await detect('ipv4', [`command:sh -c "echo 9.9.9.9; exit 3"`])).words, /ended with 3/);
  assert.match((await detect('ipv4', ['command:sleep 9'])).words, /too long/);
  assert.match((await detect('ipv4', ['command:/no/such/program'])).words, /failed/);
});

test('A-1.3: STUN, with the transaction compared, and sent again where it was lost', { skip }, async (t) => {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  t.after(() => socket.close());
  let count = 0;
  socket.on('message', (request, from) => {
    count++;
    if (count === 1) return;
    const reply = stunReply(request, [9, 9, 9, 9]);
    const forged = stunReply(Buffer.concat([request.subarray(0, 8), Buffer.alloc(12, 7)]), [1, 1, 1, 1]);
    for (const each of [forged, Buffer.from('noise'), reply]) socket.send(each, from.port, from.address);
  });
  assert.equal((await detect('ipv4', [`stun:127.0.0.1:${socket.address().port}`])).address, '9.9.9.9');
  assert.equal(count, 2);
  assert.match(
    (await detect('ipv6', [`stun:127.0.0.1:${socket.address().port}`])).words,
    /no address of this family/,
  );
});

function stunReply(request: Buffer, address: readonly number[]): Buffer {
  const cookie = request.subarray(4, 8);
  const value = Buffer.from([0, 1, 0x12, 0x34, ...address.map((octet, i) => octet ^ cookie[i]!)]);
  const software = Buffer.from([0x80, 0x22, 0, 3, 0x61, 0x62, 0x63, 0]);
  const attribute = Buffer.concat([software, Buffer.from([0, 0x20, 0, 8]), value]);
  return Buffer.concat([Buffer.from([1, 1, 0, attribute.length]), request.subarray(4, 20), attribute]);
}

test('A-1.6: of an interface the stable address is taken', { skip }, async () => {
  const entry = (address: string, more = ''): string =>
    `(@{ Interface = 'e'; Address = [Net.IPAddress]::Parse('${address}'); Temporary = $false; Deprecated = $false; Tentative = $false; Preferred = 100.0; Gateway = $true } + @{} | ForEach-Object { ${more} $_ })`;
  const choose = async (entries: readonly string[], previous = '$null'): Promise<unknown> =>
    (
      (await engine!.ask(
        `Select-HomingInterfaceAddress 'ipv6' '' @(${entries.join(',')}) @{ AllowPrivate = $false; Previous = ${previous} }`,
      )) as { Address: string | null }
    ).Address;
  const set = (name: string, value: string): string => `$_.${name} = ${value};`;
  assert.equal(
    await choose([
      entry('2620:fe::1', set('Temporary', '$true')),
      entry('2620:fe::2'),
      entry('fe80::1'),
      entry('fd00::1'),
    ]),
    '2620:fe::2',
  );
  assert.equal(
    await choose([
      entry('2620:fe::1', set('Deprecated', '$true')),
      entry('2620:fe::3', set('Tentative', '$true')),
    ]),
    null,
  );
  assert.equal(
    await choose([entry('2620:fe::1'), entry('2620:fe::2', set('Preferred', '900.0'))]),
    '2620:fe::2',
    'the longest lifetime',
  );
  assert.equal(await choose([entry('2620:fe::9'), entry('2620:fe::3')]), '2620:fe::3', 'then the lowest');
  const unknown = set('Temporary', '$null');
  assert.equal(
    await choose([entry('2620:fe::1', unknown), entry('2620:fe::211:22ff:fe33:4455', unknown)]),
    '2620:fe::211:22ff:fe33:4455',
  );
  assert.equal(
    await choose([entry('2620:fe::1', unknown), entry('2620:fe::7', unknown)], "'2620:fe::7'"),
    '2620:fe::7',
  );
  // This machine's own addresses can be read at all.
  assert.ok(Number(await engine!.ask('@(Get-HomingInterfaceEntry).Count')) >= 1);
});

test('A-3.2, A-3.4: connections are used again; a closed one is made anew; proxies', { skip }, async (t) => {
  const server = await startScriptedServer();
  t.after(() => server.close());
  server.say({ status: 200, body: 'good' });
  await engine!.run(`& (Get-Module Homing) { $script:TestLoop = New-HomingLoop
    function script:Get-Body([string] $Url, [string] $Proxy) { $job = Start-HomingExchange $script:TestLoop (New-HomingRequest ([uri] $Url) @{ Proxy = $Proxy; Timeout = 3000.0 }) $null @{}; Wait-HomingJob $script:TestLoop @($job); $r = Get-HomingReply $job; @{ code = $r.Code; body = [Text.Encoding]::ASCII.GetString($r.Body); words = $r.Words } } }`);
  const url = `http://127.0.0.1:${server.port}/x`;
  for (let i = 0; i < 3; i++)
    assert.equal(((await engine!.ask(`Get-Body ${quote(url)} none`)) as { body: string }).body, 'good');
  assert.equal(server.connections, 1);
  // Answered and closed: the next request finds a dead connection.
  server.say({ raw: 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood' });
  for (let i = 0; i < 2; i++)
    assert.equal(((await engine!.ask(`Get-Body ${quote(url)} none`)) as { body: string }).body, 'good');
  server.say({ status: 200, body: 'proxied' });
  const proxied = (await engine!.ask(
    `Get-Body 'http://a-name.example/y' ${quote(`http://u:p@127.0.0.1:${server.port}`)}`,
  )) as { body: string };
  assert.equal(proxied.body, 'proxied');
  assert.match(
    server.requests.at(-1)!.text,
    /^GET http:\/\/a-name\.example\/y HTTP\/1\.1\r\nHost: a-name\.example\r\nProxy-Authorization: Basic dTpw\r\n/,
  );
  const before = server.requests.length;
  const bySystem = (name: string): Promise<unknown> =>
    engine!.ask(`
      $env:HTTP_PROXY = ${quote(server.url)}; $env:no_proxy = 'other.invalid'
      try { Get-Body ${quote(`http://${name}/y`)} system } finally { $env:HTTP_PROXY = $null; $env:no_proxy = $null }`);
  assert.equal(((await bySystem('a-name.invalid')) as { body: string }).body, 'proxied');
  assert.equal(((await bySystem('other.invalid')) as { code: string }).code, 'network', 'not by the proxy');
  assert.equal(server.requests.length, before + 1);
  const here = await engine!.ask(
    `, @(foreach ($url in 'http://localhost:8080', 'https://127.3.2.1', 'http://[::1]:1') { $null -eq (Resolve-HomingProxy 'http://r.example:3' ([uri] $url)) })`,
  );
  assert.deepEqual(here, [true, true, true], 'what is here is asked directly');
  const except = await engine!.ask(
    `, @(foreach ($list in '*', 'example', '.example', 'b.example:443', 'b.example:80', 'other') { Test-HomingProxyException $list ([uri] 'https://b.example') })`,
  );
  assert.deepEqual(except, [true, true, true, true, false, false]);
});

test('A-3.2: connecting ends in time, TLS included', { skip }, async (t) => {
  const mute = createServer();
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
  t.after(() => mute.close());
  const { port } = mute.address() as AddressInfo;
  const start = performance.now();
  const code = await engine!.ask(`
    $loop = New-HomingLoop
    $job = Start-HomingExchange $loop (New-HomingRequest ([uri] 'https://127.0.0.1:${port}/') @{ ConnectTimeout = 300.0; Timeout = 60000.0 }) $null @{}
    Wait-HomingJob $loop @($job)
    (Get-HomingReply $job).Code`);
  assert.equal(code, 'timeout');
  assert.ok(performance.now() - start < 20_000);
});

test(
  'A-3.3, A-3.4: TLS through a CONNECT proxy, with a client certificate',
  { skip: skip || (canIssue() ? false : 'needs openssl') },
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'homing-detection-'));
    const authority = createAuthority(folder);
    const client = authority.client();
    let peer = '';
    const script = { tls: 'good', status: 200, body: 'good' } as const;
    const origin = await startScriptedServer({ script, authority, askCertificate: true });
    const proxy = createServer((socket) => {
      socket.once('data', (head: Buffer) => {
        peer = head.toString().split('\r\n')[0]!;
        const onward = connect(origin.port, '127.0.0.1', () => {
          socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
          socket.pipe(onward).pipe(socket);
        });
        onward.on('error', () => socket.destroy());
        socket.on('error', () => onward.destroy());
      });
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    t.after(async () => {
      proxy.close();
      await origin.close();
      rmSync(folder, { recursive: true, force: true });
    });
    const { port } = proxy.address() as AddressInfo;
    const body = await engine!.ask(`
    $trust = @{ Id = 'x'; Roots = Read-HomingCertificate ${quote(authority.root)}; Certificate = Read-HomingClientCertificate ${quote(client.certificate)} ${quote(client.key)} }
    $loop = New-HomingLoop
    $job = Start-HomingExchange $loop (New-HomingRequest ([uri] 'https://good.example:${origin.port}/') @{ Proxy = 'http://127.0.0.1:${port}'; Trust = $trust }) $null @{}
    Wait-HomingJob $loop @($job)
    Clear-HomingConnection $loop
    $r = Get-HomingReply $job
    @{ code = $r.Code; words = $r.Words; body = [Text.Encoding]::ASCII.GetString($r.Body) }`);
    assert.deepEqual(body, { code: null, words: '', body: 'good' });
    assert.equal(peer, `CONNECT good.example:${origin.port} HTTP/1.1`);
    assert.deepEqual(origin.peers, ['client']);
  },
);

test('A-2.7: the servers of a zone are found through NS, and asked for the address', { skip }, async (t) => {
  const resolver = createSocket('udp4');
  const authority = createSocket('udp4');
  for (const socket of [resolver, authority])
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  t.after(() => {
    resolver.close();
    authority.close();
  });
  const asked: string[] = [];
  resolver.on('message', (query, from) => {
    const name = readName(query);
    asked.push(name);
    // Only the zone has NS; its server is named by an address that needs no further question.
    resolver.send(
      dnsReply(query, name === 'dyn.example.org' ? [[2, Buffer.from('\x09localhost\x00', 'latin1')]] : []),
      from.port,
      from.address,
    );
  });
  serveAddress(authority, [9, 9, 9, 9]);
  const found = (await engine!.ask(`
    $script:HomingPlatform.Resolvers = @([Net.IPEndPoint]::new([Net.IPAddress]::Loopback, ${resolver.address().port}))
    $script:Places = $null
    $agent = @{ Loop = New-HomingLoop; Zones = @{} }
    $run = @{ Plan = @{ Name = 'pc.dyn.example.org' } }
    $job = @{ About = @{ Run = $run }; Agent = $agent; Places = $null; Zone = 'pc.dyn.example.org'; Found = [Collections.Generic.List[object]]::new(); Resolver = (Get-HomingResolver)[0] }
    $job.Step = { param($Job) Find-HomingZone $Job }
    Start-HomingJob $agent.Loop $job
    Wait-HomingJob $agent.Loop @($job)
    $script:HomingPlatform.Resolvers = @()
    $loop = New-HomingLoop
    $query = Start-HomingDnsQuery $loop ([Net.IPEndPoint]::new([Net.IPAddress]::Loopback, ${authority.address().port})) @{ Name = 'pc.dyn.example.org'; Type = 'A'; Recurse = $false } $null @{}
    Wait-HomingJob $loop @($query)
    @{ places = @($job.Found | ForEach-Object { [string] $_ }); answer = @($query.Answer.Answers | ForEach-Object { $_.Data }) }`)) as {
    places: string[];
    answer: string[];
  };
  assert.deepEqual(asked, ['pc.dyn.example.org', 'dyn.example.org']);
  assert.ok(found.places.includes('127.0.0.1:53'), found.places.join());
  assert.deepEqual(found.answer, ['9.9.9.9']);
});

test('DNS messages that are damaged are no answer', { skip }, async () => {
  const loop = Buffer.from([0, 1, 0x84, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 12, 0, 1, 0, 1]);
  const short = Buffer.from([
    0, 1, 0x84, 0, 0, 1, 0, 1, 0, 0, 0, 0, 1, 0x61, 0, 0, 1, 0, 1, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 9,
  ]);
  for (const message of [loop, short, Buffer.alloc(5), Buffer.alloc(12)])
    assert.equal(
      await engine!.ask(`$null -eq (Read-HomingDnsMessage ([byte[]] @(${[...message].join(',')})))`),
      true,
    );
});

function readName(query: Buffer): string {
  const labels: string[] = [];
  for (let at = 12; query[at] !== 0; at += query[at]! + 1)
    labels.push(query.toString('latin1', at + 1, at + 1 + query[at]!));
  return labels.join('.');
}

function dnsReply(query: Buffer, answers: readonly (readonly [number, Buffer])[]): Buffer {
  const head = Buffer.from(query.subarray(0, 12));
  head[2] = 0x84;
  head[7] = answers.length;
  const records = answers.map(([type, data]) =>
    Buffer.concat([Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, data.length]), data]),
  );
  return Buffer.concat([head, query.subarray(12), ...records]);
}

function serveAddress(socket: Udp, address: readonly number[]): void {
  socket.on('message', (query, from) => {
    socket.send(dnsReply(query, [[1, Buffer.from(address)]]), from.port, from.address);
  });
}
