/**
 * Updates by token while somebody guesses passwords: 2,000 wrong ones a second, each from another address (a trusted
 * proxy's X-Forwarded-For), for names that exist and names that do not; beside the same server without them.
 * Invariant: every guess is answered `badauth` or `911`.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runLoad } from '../processes.ts';
import { ACCOUNT, APEX, provision } from '../provision.ts';
import { type Row, type Scale, median, withUnit } from '../report.ts';
import { type Rate, type Target, basic, runWrk, startHoming, writeScript } from './load.ts';

const GUESSES_A_SECOND = 2000;
const CONNECTIONS = 100;

// wrk sends each connection's next request so many milliseconds after the last reply.
const GUESSING = `math.randomseed(os.time())
local n = 0
local function b64(text)
  local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
  local out = {}
  for i = 1, #text, 3 do
    local a, b, c = text:byte(i, i + 2)
    local word = a * 65536 + (b or 0) * 256 + (c or 0)
    for j = 3, 0, -1 do
      local at = math.floor(word / 64 ^ j) % 64
      out[#out + 1] = ((j == 0 and not c) or (j == 1 and not b)) and "=" or alphabet:sub(at + 1, at + 1)
    end
  end
  return table.concat(out)
end
delay = function() return DELAY end
request = function()
  n = n + 1
  local user = n % 2 == 0 and "${ACCOUNT}" or "nobody" .. math.random(1, 1000000)
  local source = math.random(11, 99) .. "." .. math.random(0, 255) .. "." .. math.random(0, 255) .. "." .. math.random(1, 254)
  return wrk.format("GET", "/nic/update?hostname=h1.${APEX}&myip=10.0.0.7", {
    ["Authorization"] = "Basic " .. b64(user .. ":guess" .. math.random(1, 1000000000)),
    ["Connection"] = "keep-alive", ["X-Forwarded-For"] = source })
end
response = function(status, headers, body)
  local expected = (status == 401 and body == "badauth\\n") or (status == 503 and body == "911\\n")
  if not expected then wrk.thread:set("wrong", (wrk.thread:get("wrong") or 0) + 1) end
end
local threads = {}
setup = function(thread) table.insert(threads, thread) end
done = function()
  local wrong = 0
  for _, thread in ipairs(threads) do wrong = wrong + (thread:get("wrong") or 0) end
  io.write("wrong " .. wrong .. "\\n")
end
`;

/** The row of guesses; `directory` is empty. */
export async function benchGuesses(directory: string, scale: Scale): Promise<readonly Row[]> {
  const data = join(directory, 'data');
  const secret = await provision(data, scale.hosts);
  const target = await startHoming(data, { HOMING_HTTP_TRUSTED_PROXIES: '127.0.0.0/8' });
  try {
    const senders = [{ authorization: basic(ACCOUNT, secret), label: 'h7' }];
    const updates = writeScript(join(directory, 'updates.lua'), senders, { kind: 'same' });
    const guessing = join(directory, 'guesses.lua');
    writeFileSync(guessing, `DELAY = ${(CONNECTIONS * 1000) / GUESSES_A_SECOND}\n${GUESSING}`);
    await runWrk(target, updates, 1);
    const memory = target.server.residentMiB();
    const rounds: { quiet: Rate; guessed: Rate; guesses: number }[] = [];
    for (let round = 0; round < scale.rounds; round++) {
      const quiet = await runWrk(target, updates, scale.seconds);
      const [guesses, guessed] = await Promise.all([
        guess(target, guessing, scale.seconds),
        runWrk(target, updates, scale.seconds),
      ]);
      rounds.push({ quiet, guessed, guesses });
    }
    const grown = target.server.residentMiB() - memory;
    const perSecond = median(rounds.map(({ guessed }) => guessed.perSecond));
    const ratio = median(rounds.map(({ quiet, guessed }) => guessed.perSecond / quiet.perSecond));
    const guesses = median(rounds.map((round) => round.guesses));
    return [
      {
        what: `unchanged address, while ${Math.round(guesses).toLocaleString('en')} passwords/s are guessed`,
        figure: `${withUnit(perSecond, '/s')}, ${withUnit(grown, 'MiB more memory')}`,
        ratio: `${ratio.toFixed(2)} × without guesses`,
        bar: '≥ 0.80',
        values: { perSecond, ratio, guesses, grownMiB: grown },
      },
    ];
  } finally {
    await target.server.stop();
  }
}

/** Guesses for so long; returns how many guesses a second were answered. */
async function guess({ url }: Target, script: string, seconds: number): Promise<number> {
  const load = ['wrk', '-t1', `-c${CONNECTIONS}`, `-d${seconds}`, '-s', script, url];
  const output = await runLoad(load);
  if (!/^wrong 0$/m.test(output)) throw new Error(`a guess was answered otherwise: ${output}`);
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(output)?.[1]);
}
