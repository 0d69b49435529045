import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  type UpdateParameters,
  decodeComponent,
  parseUpdateParameters,
} from '../../../../src/http/update/parameters.ts';

const nothing: UpdateParameters = {
  hosts: [],
  addresses: [],
  prefix: '',
  user: '',
  secret: '',
  secretInQuery: false,
  offline: '',
  format: '',
};

const plain = { ...nothing, hosts: ['home.example.test'], addresses: [{ family: 4, text: '198.51.100.7' }] };

describe('update parameters', () => {
  it('reads the same update from every odd way to write it (D-2.1, D-2.2, D-2.4)', () => {
    for (const query of [
      'hostname=home.example.test&myip=198.51.100.7',
      'hostname=home.example.test&myip=198.51.100.7&wildcard=OFF&',
      '&hostname=home.example.test&&myip=198.51.100.7&',
      '?hostname=home.example.test&amp;myip=198.51.100.7',
      'HostName=home.example.test&MYIP=198.51.100.7',
      'hostname=home.example.test?myip=198.51.100.7',
      'hostname=home%2Eexample%2etest&myip=198.51.100.7&x=%zz&y=%',
      'host%6eame=home.example.test&myip=198.51.100.7',
      'ip=198.51.100.7&system=dyndns?hostname=home.example.test',
      'hostname=home.example.test,,&myip=198.51.100.7',
      'hostname=YES&host_id=home.example.test&myip=198.51.100.7',
      'hostname=%h/nic/update?system=dyndns&hostname=home.example.test&myip=198.51.100.7',
    ]) {
      assert.deepEqual(parseUpdateParameters(query), plain, query);
    }
  });

  it('joins the hosts of all aliases in order, a list as it stands and an alias without repeats (D-4.2)', () => {
    const hosts = (query: string): readonly string[] => parseUpdateParameters(query).hosts;
    assert.deepEqual(hosts('hostname=a.test,b.test&host=b.test&domains=c.test+d.test&h=e.test%20'), [
      'a.test',
      'b.test',
      'c.test',
      'd.test',
      'e.test',
    ]);
    assert.deepEqual(hosts('hostname=a.test,a.test'), ['a.test', 'a.test']);
    assert.deepEqual(hosts('hostname=a.test,%0D%0A%09b.test'), ['a.test', 'b.test']);
  });

  it('takes a bare key for a host where it looks like one and no other is named (D-4.3)', () => {
    assert.deepEqual(parseUpdateParameters('home.example.test').hosts, ['home.example.test']);
    assert.deepEqual(parseUpdateParameters('home.example.test&hostname=a.test').hosts, ['a.test']);
    assert.deepEqual(parseUpdateParameters('198.51.100.7').hosts, []);
    assert.deepEqual(parseUpdateParameters('wildcard').hosts, []);
  });

  it('keeps a template that nobody filled in only where there is no other name (D-4.4)', () => {
    assert.deepEqual(parseUpdateParameters('hostname=<domain>').hosts, ['<domain>']);
    assert.deepEqual(parseUpdateParameters('hostname=__HOSTNAME__,a.test,[DOMAIN]').hosts, ['a.test']);
  });

  it('takes the first value that is not empty, and the query before the form (D-1.4)', () => {
    const read = parseUpdateParameters('username=&user=alice&u=bob&password=', 'pass=s3cret&user=carol');
    assert.equal(read.user, 'alice');
    assert.equal(read.secret, 's3cret');
  });

  it('leaves a question mark in a value that no known name follows', () => {
    assert.equal(parseUpdateParameters('pass=a?b=c?d&user=x').secret, 'a?b=c?d');
    assert.equal(parseUpdateParameters('pass=a?&user=x').secret, 'a?');
  });

  it('decodes credentials as UTF-8 or else Latin-1, and names as UTF-8 only (D-2.5)', () => {
    assert.equal(parseUpdateParameters('pass=p%C3%A4ss').secret, 'päss');
    assert.equal(parseUpdateParameters('pass=p%E4ss').secret, 'päss');
    assert.equal(parseUpdateParameters('pass=p\xe4ss').secret, 'päss');
    assert.deepEqual(parseUpdateParameters('hostname=b%FCro.test').hosts, ['b\ufffdro.test']);
    assert.deepEqual(parseUpdateParameters('hostname=b%C3%BCro.test').hosts, ['büro.test']);
    assert.equal(decodeComponent('a+b%2Bc%', 'latin1'), 'a b+c%');
  });

  it('records which family a name was about and what was sent as a prefix', () => {
    const read = parseUpdateParameters('myip=&myipv6=2001:db8::7&ip6lanprefix=&aaaa=x');
    assert.deepEqual(read.addresses, [
      { family: 4, text: '' },
      { family: 6, text: '2001:db8::7' },
      { family: 6, text: 'x' },
    ]);
    assert.equal(read.prefix, '');
    for (const name of ['ip6lanprefix', 'ip6prefix', 'ipv6prefix', 'Prefix']) {
      assert.equal(parseUpdateParameters(`prefix=&${name}=2001:db8::%2F56`).prefix, '2001:db8::/56');
    }
  });

  it('reads a bounded number of parameters and hosts (D-2.6)', () => {
    assert.equal(parseUpdateParameters(`${'x=1&'.repeat(200)}hostname=a.test`).hosts.length, 0);
    assert.equal(parseUpdateParameters(`hostname=${'a.test,'.repeat(1000)}`).hosts.length, 64);
    assert.equal(parseUpdateParameters('hostname=a.test?'.repeat(1000)).hosts.length <= 128, true);
  });

  it('never throws, whatever the octets', () => {
    const token = fc.constantFrom(
      '&',
      '?',
      '=',
      '%',
      '+',
      'amp;',
      'hostname',
      'myip',
      ',',
      '%FF',
      'a.test',
      ';',
      '#',
    );
    fc.assert(
      fc.property(
        fc.array(fc.oneof(token, fc.string({ unit: 'binary' }))),
        fc.string({ unit: 'binary' }),
        (parts, form) => {
          const read = parseUpdateParameters(parts.join(''), form);
          assert.ok(read.hosts.every((host) => host !== '' && !/[,\s]/.test(host)));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('gives back any text that was encoded as a form does', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (text) => {
        const secret = text.toWellFormed();
        assert.equal(
          parseUpdateParameters(new URLSearchParams({ password: secret }).toString()).secret,
          secret,
        );
      }),
    );
  });
});
