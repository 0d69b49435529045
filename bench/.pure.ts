import { createState } from '/work/wt/update/bench/provision.ts';
import { createDyndns2 } from '/work/wt/update/src/http/update/dyndns2.ts';
import { createAuthenticator } from '/work/wt/update/src/account/create-authenticator.ts';
import { createPasswordHasher } from '/work/wt/update/src/account/password.ts';
import { createUpdateService } from '/work/wt/update/src/update/create-service.ts';
import { createCommitter } from '/work/wt/update/src/update/commit.ts';
import { systemClock } from '/work/wt/update/src/ops/clock.ts';
import { createHttpLog } from '/work/wt/update/src/http/log.ts';
import { createLog } from '/work/wt/update/src/ops/log.ts';
import { parseIpAddress } from '/work/wt/update/src/net/ip-address.ts';
const { state, secret } = createState(100000);
const store: any = { view: state, health: { writable: true }, commit: async (c: any) => { state.apply(c); }, onCommit: () => () => {}, close: async () => {} };
const log = createHttpLog(createLog({ level: 'info', pretty: false, sink: { write() {} } }).log.child({ room: 'http' }));
const clock = systemClock;
const committer = createCommitter({ store, clock });
const update = createDyndns2({ service: createUpdateService({ view: state, committer, clock }), authenticator: createAuthenticator({ accounts: state, passwords: createPasswordHasher(), clock }), log, clock });
const auth = 'Basic ' + Buffer.from('alice:' + secret).toString('base64');
const qs = Array.from({ length: 1000 }, (_, i) => `hostname=h${i}.dyn.example.test&myip=10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`);
const source = parseIpAddress('127.0.0.1')!;
let n = 0, bytes = 0;
function one(i: number) { const q = Buffer.from(qs[i % 1000]!).latin1Slice(); const r: any = update({ requestId: 'abc-1', method: 'GET', query: q, host: 'x', headers: { authorization: Buffer.from(auth).latin1Slice(), connection: 'keep-alive' }, source, readBody: (() => {}) as any }); bytes += r.body.length; n++; }
function t(k: number) { const s = process.hrtime.bigint(); for (let i = 0; i < k; i++) one(i); return Number(process.hrtime.bigint() - s) / k; }
t(50000); console.log('ns per request', t(200000), t(200000), t(200000));
process.exit(0);
