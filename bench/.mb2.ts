function t(name: string, f: (i: number) => unknown, n = 200000) { for (let i = 0; i < 100000; i++) f(i); let best = 1e9; for (let r = 0; r < 9; r++) { const s = process.hrtime.bigint(); for (let i = 0; i < n; i++) f(i); best = Math.min(best, Number(process.hrtime.bigint() - s) / n); } console.log(name.padEnd(34), best.toFixed(0), 'ns'); }
const N = 1000;
const names = Array.from({ length: N }, (_, i) => Buffer.from(`h${i}.dyn.example.test`));
const KIND = new Uint8Array(128); for (const c of 'abcdefghijklmnopqrstuvwxyz0123456789_') KIND[c.charCodeAt(0)] = 1; KIND[45] = 2; KIND[46] = 3;
const LEN = Array.from({ length: 64 }, (_, i) => String.fromCharCode(i));
const RE = /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;
function v1(text: string): string | undefined {
  if (text.length > 253 || !RE.test(text)) return undefined;
  let wire = ''; let start = 0;
  for (let dot = text.indexOf('.'); dot >= 0; dot = text.indexOf('.', start)) { wire += LEN[dot - start] + text.slice(start, dot); start = dot + 1; }
  return wire + LEN[text.length - start] + text.slice(start) + '\0';
}
function v2(text: string): string | undefined {
  const n = text.length; if (n > 253) return undefined;
  const b = Buffer.allocUnsafe(n + 2);
  let head = 0;
  for (let i = 0; i < n; i++) { const c = text.charCodeAt(i); const k = c < 128 ? KIND[c] : 0; if (k === 3) { const l = i - head; if (l === 0 || l > 63) return undefined; b[head] = l; head = i + 1; } else if (k === 0) return undefined; else b[i + 1] = c; }
  b[head] = n - head; b[n + 1] = 0;
  return b.latin1Slice(0, n + 2);
}
function v3(text: string): string | undefined {
  const n = text.length; if (n > 253) return undefined;
  let wire = ''; let head = 0;
  for (let i = 0; i < n; i++) { const c = text.charCodeAt(i); const k = c < 128 ? KIND[c] : 0; if (k === 3) { const l = i - head; if (l === 0 || l > 63) return undefined; wire += LEN[l] + text.slice(head, i); head = i + 1; } else if (k === 0) return undefined; }
  return wire + LEN[n - head] + text.slice(head) + '\0';
}
const map = new Map(Array.from({ length: 100000 }, (_, i) => [v1(`h${i}.dyn.example.test`)!, i]));
for (const [k, v] of Object.entries({ v1, v2, v3 })) { t(k, (i) => v(names[i % N]!.latin1Slice())); t(k + '+map', (i) => map.get(v(names[i % N]!.latin1Slice())!)); }
function ip(text: string): string | undefined {
  let word = 0, value = -1, dots = 0;
  const n = text.length; if (n > 15) return undefined;
  for (let i = 0; i < n; i++) { const c = text.charCodeAt(i) - 48; if (c >= 0 && c <= 9) { if (value === 0) return undefined; value = value < 0 ? c : value * 10 + c; if (value > 255) return undefined; } else if (c === -2 && value >= 0) { dots++; word = (word << 8) | value; value = -1; } else return undefined; }
  if (dots !== 3 || value < 0) return undefined;
  return String.fromCharCode(word >> 16 & 255, word >> 8 & 255, word & 255, value);
}
const ips = Array.from({ length: N }, (_, i) => Buffer.from(`10.0.1.${i & 255}`));
t('ip', (i) => ip(ips[i % N]!.latin1Slice()));
