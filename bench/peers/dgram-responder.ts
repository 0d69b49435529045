/**
 * The measure of the node:dgram lane: the least that answers A questions of one zone from a Map over node:dgram. It
 * knows no EDNS, no other type and no errors; it is here for its speed only. Arguments: PORT HOSTS.
 */
import { createSocket } from 'node:dgram';
import { firstAddress, nameOf } from '../provision.ts';

const [port, hosts] = process.argv.slice(2).map(Number) as [number, number];
const addresses = new Map<string, Buffer>();
for (let i = 0; i < hosts; i++) {
  // A pointer to the question's name, type A, class IN, 60 seconds, four octets.
  const fixed = Buffer.from('c00c000100010000003c0004', 'hex');
  addresses.set(nameOf(`h${i}`), Buffer.concat([fixed, Buffer.from(firstAddress(i), 'latin1')]));
}

const socket = createSocket({ type: 'udp4', recvBufferSize: 1_048_576 });
socket.on('message', (query, { address, port: from }) => {
  let end = 12;
  while (query[end] !== undefined && query[end] !== 0) end += 1 + query[end]!;
  const record = addresses.get(query.toString('latin1', 12, end + 1).toLowerCase());
  const answer = Buffer.allocUnsafe(end + 5 + (record?.length ?? 0));
  query.copy(answer, 0, 0, end + 5);
  answer[2] = 0x84;
  answer[3] = record === undefined ? 3 : 0;
  answer.writeUInt32BE(record === undefined ? 0 : 0x10000, 6);
  answer.writeUInt16BE(0, 10);
  record?.copy(answer, end + 5);
  socket.send(answer, from, address);
});
socket.bind(port, '127.0.0.1');
