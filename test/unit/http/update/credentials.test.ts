import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseCredentials } from '../../../../src/http/update/credentials.ts';

const none = { user: '', secret: '' };
const alice = { user: 'alice', secret: 's3cret' };

describe('credentials', () => {
  it('reads Basic in every form that devices send (D-3.1)', () => {
    for (const header of [
      'Basic YWxpY2U6czNjcmV0',
      'basic YWxpY2U6czNjcmV0',
      'BASIC \t YWxpY2U6czNjcmV0  ',
      'Basic alice:s3cret',
    ]) {
      assert.deepEqual(parseCredentials(header, none), alice, header);
    }
    assert.deepEqual(parseCredentials('Basic Ym9iOngxMg==', none), { user: 'bob', secret: 'x12' });
    assert.deepEqual(
      parseCredentials('Basic Ym9iOngxMg', none),
      { user: 'bob', secret: 'x12' },
      'no padding',
    );
    assert.deepEqual(parseCredentials('Basic YTpiOmM=', none), { user: 'a', secret: 'b:c' }, 'first colon');
    assert.deepEqual(parseCredentials('Basic OnNlY3JldA==', none), { user: '', secret: 'secret' }, 'no user');
  });

  it('reads UTF-8, or else Latin-1', () => {
    for (const encoding of ['utf8', 'latin1'] as const) {
      const value = Buffer.from('alice:pässwörd', encoding).toString('base64');
      assert.deepEqual(
        parseCredentials(`Basic ${value}`, none),
        { user: 'alice', secret: 'pässwörd' },
        encoding,
      );
    }
  });

  it('reads Bearer and Token as a secret without a user (D-3.2)', () => {
    assert.deepEqual(parseCredentials('Bearer s3cret', none), { user: '', secret: 's3cret' });
    assert.deepEqual(parseCredentials('Token s3cret', none), { user: '', secret: 's3cret' });
  });

  it('lets a usable header win over parameters, and an empty one not mask them (D-3.3)', () => {
    assert.deepEqual(parseCredentials('Basic YWxpY2U6czNjcmV0', { user: 'bob', secret: 'x' }), alice);
    for (const header of [
      'Basic Og==',
      'Basic YWxpY2U6',
      'Basic',
      '',
      'Digest username="alice"',
      undefined,
    ]) {
      assert.deepEqual(parseCredentials(header, { user: 'bob', secret: 'x' }), { user: 'bob', secret: 'x' });
      assert.equal(parseCredentials(header, none), undefined, header);
    }
    assert.equal(parseCredentials(undefined, { user: 'bob', secret: '' }), undefined);
  });

  it('never throws and gives back any pair without a colon in the user name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (header) => {
        parseCredentials(header, none);
        parseCredentials(`Basic ${header}`, none);
      }),
    );
    const text = fc.string({ unit: 'grapheme', minLength: 1 }).map((value) => value.toWellFormed());
    fc.assert(
      fc.property(text, text, (user, secret) => {
        fc.pre(!user.includes(':'));
        const header = `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`;
        assert.deepEqual(parseCredentials(header, none), { user, secret });
      }),
    );
  });
});
