import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formText } from '../../../../src/http/update/form.ts';

function read(text: string, type?: string): string {
  return formText(Buffer.from(text), type);
}

describe('update bodies', () => {
  it('takes forms as they are, also without or with a wrong plain type (D-2.7)', () => {
    for (const type of ['application/x-www-form-urlencoded; charset=utf-8', undefined, 'TEXT/plain']) {
      assert.equal(read('hostname=a.test&myip=\r\n', type), 'hostname=a.test&myip=', type);
    }
  });

  it('takes a flat JSON object as a form', () => {
    assert.equal(
      read('{"hostname":["a.test","b.test"],"myip":"198.51.100.7","n":1,"o":{"p":2}}', 'application/json'),
      'hostname=a.test%2Cb.test&myip=198.51.100.7&n=1',
    );
  });

  it('hears nothing in any other body', () => {
    assert.equal(read('<xml/>', 'text/xml'), '');
    for (const text of ['', '{', '[', 'null', '"x"', '7'])
      assert.equal(read(text, 'application/json'), '', text);
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        formText(Buffer.from(bytes), 'application/json');
      }),
    );
  });
});
