/** `clients/transcripts` against the PowerShell module, line by line, over real sockets. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { canIssue, createAuthority } from '../clients/scripted/certificates.ts';
import { readCases } from '../clients/scripted/reply.ts';
import { type ScriptedRequest, startScriptedServer } from '../clients/scripted/server.ts';
import { listenAs } from '../clients/scripted/source.ts';
import { buildHost, quote, startEngine } from './engine.ts';

const host = await buildHost();
const skip = 'skip' in host ? host.skip : false;
const engine = 'path' in host ? await startEngine(host.path) : undefined;
after(() => engine?.close());

/** One update, as the agent makes it, with short times. */
const ASK_UPDATE = `
  function Invoke-Case([string] $Url, [string] $Ca, [string[]] $Sent, [double] $Patience) {
    $trust = @{ Id = $Ca; Roots = @(); Certificate = $null }
    if ($Ca) { $trust.Roots = Read-HomingCertificate $Ca }
    $server = @{ Url = [uri] $Url; Path = '/nic/update'; User = 'alice'; Proxy = 'system'; Trust = $trust; ConnectTimeout = $Patience; Timeout = $Patience; RequestTimeout = $Patience }
    $loop = New-HomingLoop
    $job = Start-HomingExchange $loop (New-HomingUpdateRequest $server 'pc.dyn.example.org' $Sent 's3cr:t') $null @{}
    Wait-HomingJob $loop @($job)
    Clear-HomingConnection $loop
    $outcome = Resolve-HomingOutcome (Get-HomingReply $job) $Sent ([datetime]::UtcNow)
    @{ outcome = $outcome.Outcome; code = $outcome.Code; words = $outcome.Words; wait = $outcome.Wait }
  }`;

test('A-4: every reply of the transcripts has its outcome', { skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'homing-replies-'));
  const authority = canIssue() ? createAuthority(folder) : undefined;
  t.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  await engine!.run(
    `. (Get-Module Homing) { ${ASK_UPDATE.replace('function Invoke-Case', 'function script:Invoke-Case')} }`,
  );
  const cases = readCases('replies.jsonl');
  assert.ok(cases.length > 50);
  for (const one of cases) {
    await t.test(one.name, async (t) => {
      const { tls } = one.reply;
      if (tls !== undefined && authority === undefined) {
        t.skip('needs openssl');
        return;
      }
      const server = await startScriptedServer({
        script: one.reply,
        ...(authority === undefined ? {} : { authority }),
      });
      try {
        const sent = one.sent.split(',').map(quote).join(',');
        // Whoever has to hear that nothing comes waits little.
        const patience = one.expect.code === 'timeout' ? 1500 : 20_000;
        const answer = (await engine!.ask(
          `Invoke-Case ${quote(server.url)} ${quote(tls === undefined ? '' : authority!.root)} @(${sent}) ${patience}`,
        )) as { outcome: string; code: string; words: string; wait: number | null };
        assert.deepEqual(
          { outcome: answer.outcome, code: answer.code },
          { outcome: one.expect.outcome, code: one.expect.code },
          answer.words,
        );
        if (one.expect.outcome !== 'done')
          assert.equal(
            answer.wait === null ? undefined : Math.round(answer.wait / 1000),
            one.expect.retryAfterSeconds,
          );
        assert.ok(!answer.words.includes('s3cr'), 'A-6.4');
        assert.deepEqual(server.otherRequests, [], 'A-3.5');
        for (const request of server.requests) checkRequest(request, one.sent);
      } finally {
        await server.close();
      }
    });
  }
});

/** */
function checkRequest({ method, path, headers, text }: ScriptedRequest, sent: string): void {
  assert.equal(method, 'GET');
  const moved = path.startsWith('/moved?');
  if (!moved) assert.equal(path, `/nic/update?hostname=pc.dyn.example.org&myip=${sent}`);
  assert.match(headers['user-agent']!, /^Homing-Agent\/\d+\.\d+\.\d+ \(PowerShell 7\.\d+; Linux\)$/);
  const login = /^Basic (\S+)$/.exec(headers['authorization']!)![1]!;
  assert.equal(Buffer.from(login, 'base64').toString(), 'alice:s3cr:t');
  assert.equal(text.split('s3cr').length, 1, 'the secret stands nowhere else');
}

test('A-1.1, A-1.8: what several sources come to', { skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'homing-quorum-'));
  const authority = canIssue() ? createAuthority(folder) : undefined;
  t.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  for (const one of readCases('quorum.jsonl')) {
    await t.test(`${one.clause} ${one.name}`, async (t) => {
      const { tls } = one.server;
      if (tls !== undefined && authority === undefined) {
        t.skip('needs openssl');
        return;
      }
      const urls = await Promise.all(
        [one.server, ...one.others].map((source) => listenAs(t, source, authority)),
      );
      const roots = tls === undefined ? '@()' : `(Read-HomingCertificate ${quote(authority!.root)})`;
      // Whoever has to hear that nothing comes waits little.
      const patience = one.soon !== true && one.others.some(({ silent }) => silent === true) ? 1500 : 30_000;
      const answer = (await engine!.ask(`
        $loop = New-HomingLoop
        $start = Get-HomingTick
        $sources = @(foreach ($text in ${['server', ...urls.slice(1)].map(quote).join(',')}) { ConvertTo-HomingSource $text })
        $settings = @{ Sources = $sources; Quorum = 2; Timeout = ${patience}.0; ByDefault = $${one.configured !== true} }
        $server = @{ Url = [uri] ${quote(urls[0]!)}; Proxy = 'none'; Trust = @{ Id = 'x'; Roots = ${roots}; Certificate = $null } }
        $d = Start-HomingDetection $loop 'ipv4' $settings @{ Server = $server; AllowPrivate = $false; Previous = $null } { } @{}
        while (-not $d.Ended) { [void] (Step-HomingLoop $loop 100) }
        Clear-HomingConnection $loop
        @{ address = $d.Address; words = $d.Words; took = (Get-HomingTick) - $start }`)) as {
        address: string | null;
        words: string;
        took: number;
      };
      assert.equal(answer.address, one.expect, answer.words);
      assert.equal(answer.words === '', one.expect !== null);
      if (one.soon === true) assert.ok(answer.took < 20_000, `after ${answer.took} ms`);
    });
  }
});

test('A-1.4, A-1.5: every answer of an HTTP source is an address or is not', { skip }, async (t) => {
  const servers = {
    ipv4: await startScriptedServer(),
    ipv6: await startScriptedServer({ host: '::1' }).catch(() => undefined),
  };
  t.after(async () => {
    await servers.ipv4.close();
    await servers.ipv6?.close();
  });
  for (const one of readCases('sources.jsonl')) {
    await t.test(`${one.family}: ${one.name}`, async (t) => {
      const server = servers[one.family];
      if (server === undefined) {
        t.skip('needs IPv6 on the loopback interface');
        return;
      }
      server.say(one.reply);
      const url = `${server.url}/ip`;
      const answer = await engine!.ask(`
        $loop = New-HomingLoop
        $settings = @{ Sources = @(ConvertTo-HomingSource ${quote(url)}); Quorum = 1; Timeout = 700.0; ByDefault = $false }
        $d = Start-HomingDetection $loop ${quote(one.family)} $settings @{ Server = $null; AllowPrivate = $false; Previous = $null } { } @{}
        while (-not $d.Ended) { [void] (Step-HomingLoop $loop 100) }
        Clear-HomingConnection $loop
        @{ address = $d.Address; words = $d.Words }`);
      assert.equal((answer as { address: string | null }).address, one.expect, JSON.stringify(answer));
    });
  }
});
