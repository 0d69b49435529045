/** The packed tokens are, after any history, the tokens of a map. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { type Token, createTokenId, digestTokenSecret } from '../../../../src/account/token.ts';
import {
  DIGEST_LENGTH,
  ID_LENGTH,
  digestText,
  idText,
  readDigest,
  readId,
} from '../../../../src/store/tokens/token-texts.ts';
import { runAtOnce } from '../../../../src/ops/steps.ts';
import { TokenTable } from '../../../../src/store/tokens/token-table.ts';
import { name } from '../../../contract/store-samples.ts';

const KEY = new Uint8Array(32);
const DIGEST = digestTokenSecret('a secret', KEY);

/** A token whose digest is that of its id; only what `more` says is other than the usual. */
function tokenOf(id: string, more: Partial<Token> = {}): Token {
  const digest = digestTokenSecret(id, KEY);
  return { id, account: 'ann', hosts: [name('h1.dyn.test')], label: '', digest, createdAt: 5, ...more };
}

const someId = fc.constantFrom(
  '0000000000',
  'zzzzzzzzzz',
  '0000000001',
  'a1b2c3d4e5',
  'A1B2C3D4E5',
  't1',
  '',
);
const someToken = fc
  .record(
    {
      id: someId,
      account: fc.constantFrom('ann', 'bob'),
      hosts: fc.option(
        fc.array(fc.constantFrom(name('a.test'), name('longer.b.test'), name('.')), { maxLength: 3 }),
      ),
      label: fc.oneof(fc.constantFrom('', 'x'), fc.string({ unit: 'binary' })),
      createdAt: fc.nat(8.64e15),
      suffix: fc.constantFrom('', '', '1', '=', '\u00e9'),
      gnudip: fc.constantFrom(undefined, undefined, 'f00f'),
    },
    { noNullPrototype: true },
  )
  .map(({ suffix, gnudip, ...more }): Token => {
    const digest = tokenOf(more.id).digest + suffix;
    return tokenOf(more.id, { ...more, digest, ...(gnudip === undefined ? {} : { gnudip }) });
  });
const someStep = fc.oneof(
  { weight: 4, arbitrary: someToken.map((token) => ({ token })) },
  { weight: 2, arbitrary: someId.map((id) => ({ id })) },
  { weight: 1, arbitrary: fc.constantFrom('ann', 'bob').map((account) => ({ account })) },
);

function byIdOrder(tokens: Iterable<Token>): Token[] {
  return [...tokens].sort((a, b) => (a.id < b.id ? -1 : 1));
}

suite('token table', () => {
  test('holds what was put and not taken away, whatever its form', () => {
    fc.assert(
      fc.property(fc.array(someStep, { maxLength: 40 }), (steps) => {
        const table = new TokenTable();
        const model = new Map<string, Token>();
        const digests = new Set<string>();
        for (const step of steps) {
          if ('token' in step) {
            table.put(step.token);
            model.set(step.token.id, step.token);
            digests.add(step.token.digest);
          } else if ('id' in step) {
            table.remove(step.id);
            model.delete(step.id);
          } else {
            runAtOnce(table.removeAccount(step.account));
            for (const token of model.values()) if (token.account === step.account) model.delete(token.id);
          }
          // Asked at every step, so that whatever is kept has to be forgotten in time.
          for (const digest of digests) {
            const wanted = [...model.values()].find((token) => token.digest === digest);
            assert.deepEqual(table.byDigest(digest), wanted);
          }
        }
        assert.equal(table.size, model.size);
        assert.deepEqual(byIdOrder(table.all()), byIdOrder(model.values()));
        for (const [id, token] of model) assert.deepEqual(table.byId(id), token);
      }),
      { numRuns: 500 },
    );
  });

  test('finds each of many, also when half of them went and others came', () => {
    const table = new TokenTable();
    const tokens = Array.from({ length: 40_000 }, () => tokenOf(createTokenId()));
    for (const token of tokens) table.put(token);
    for (const [i, token] of tokens.entries()) if (i % 2 === 0) table.remove(token.id);
    const others = Array.from({ length: 20_000 }, () => tokenOf(createTokenId(), { account: 'bob' }));
    for (const token of others) table.put(token);
    for (const [i, { id, digest }] of tokens.entries()) {
      assert.equal(table.byDigest(digest)?.id, i % 2 === 0 ? undefined : id);
      assert.equal(table.byId(id)?.digest, i % 2 === 0 ? undefined : digest);
    }
    for (const { id, digest } of others) assert.equal(table.byDigest(digest)?.id, id);
    runAtOnce(table.removeAccount('ann'));
    assert.equal(table.size, others.length);
    for (const { id, digest } of others) assert.equal(table.byDigest(digest)?.id, id);
  });

  test('gives the same object for a token that is used again, until it is replaced', () => {
    const table = new TokenTable();
    const token = tokenOf('a1b2c3d4e5');
    table.put(token);
    const first = table.byDigest(token.digest);
    assert.equal(table.byDigest(token.digest), first);
    table.put({ ...token, label: 'other' });
    assert.equal(table.byDigest(token.digest)?.label, 'other');
  });
});

suite('texts of tokens', () => {
  test('an id or digest that is taken is written back as it was, and every usual one is taken', () => {
    const words = new Uint32Array(8);
    const digestOf = (text: string): boolean => {
      const octets = Buffer.from(text);
      return octets.length === DIGEST_LENGTH && readDigest(octets, 0, words);
    };
    const idOf = (text: string): number => {
      const octets = Buffer.from(text);
      return octets.length === ID_LENGTH ? readId(octets, 0) : -1;
    };
    const edited = fc.tuple(
      fc.nat(42),
      fc.string({ minLength: 0, maxLength: 2 }),
      fc.constantFrom(DIGEST, 'a1b2c3d4e5'),
    );
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), edited, (octets, [at, added, text]) => {
        const usual = Buffer.from(octets).toString('base64url');
        assert.ok(digestOf(usual));
        assert.equal(digestText(words, 0), usual);
        for (const any of [text.slice(0, at) + added + text.slice(at + added.length), added]) {
          if (digestOf(any)) assert.equal(digestText(words, 0), any);
          else
            assert.notEqual(
              Buffer.from(any, 'base64url').toString('base64url').length === 43 &&
                Buffer.from(any, 'base64url').toString('base64url'),
              any,
            );
          if (idOf(any) !== -1) assert.equal(idText(idOf(any)), any);
          else assert.doesNotMatch(any, /^[0-9a-z]{10}$/);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
