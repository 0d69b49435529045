import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { NOWHERE, UPDATE_PATHS, parseRequestTarget } from '../../../src/http/request-target.ts';

describe('request target', () => {
  it('finds each update path in any case, with doubled and trailing slashes (D-1.3)', () => {
    for (const path of UPDATE_PATHS) {
      for (const form of [
        path,
        `/${path}`,
        `//${path}//`,
        `${path}/`,
        path.toUpperCase(),
        path.replaceAll('/', '//'),
      ]) {
        assert.deepEqual(
          parseRequestTarget(`${form}?hostname=a.b`),
          { route: path, query: 'hostname=a.b' },
          form,
        );
      }
    }
  });

  it('takes the absolute form, and everything behind the first question mark as query', () => {
    assert.deepEqual(parseRequestTarget('http://ddns.example.test:8080/nic/update?a=b?c=d#e'), {
      route: '/nic/update',
      query: 'a=b?c=d#e',
    });
    assert.deepEqual(parseRequestTarget('HTTP://h?a=b'), { route: '/', query: 'a=b' });
    assert.deepEqual(parseRequestTarget('/?x'), { route: '/', query: 'x' });
    assert.deepEqual(parseRequestTarget('//'), { route: '/', query: '' });
  });

  it('leaves other paths as they are and resolves their dot segments', () => {
    assert.equal(parseRequestTarget('/Some/Page?q=1').route, '/Some/Page?q=1');
    assert.equal(parseRequestTarget('/a/../b').route, '/b');
    assert.equal(parseRequestTarget('/.//x').route, '/x');
    assert.equal(parseRequestTarget('/a b\xff').route, '/a%20b%C3%BF');
  });

  it('leads nowhere what is no path', () => {
    for (const target of ['*', '', 'example.test:443', '/a\\b', 'ftp://x/nic/update']) {
      assert.equal(parseRequestTarget(target).route, NOWHERE, target);
    }
  });

  it('gives any octets a route that a URL can hold', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { route } = parseRequestTarget(`/${text}`);
        assert.match(route, /^\/(?!\/)[!-~]*$/);
        assert.equal(new URL(`http://localhost${route}`).host, 'localhost');
      }),
    );
  });
});
