/**
 * "What is my address": the classic HTML line, the plain address, or JSON (D-9).
 * Invariant: exactly one address in headers and body together, the proved source address, in canonical form.
 */
import { formatIpAddress } from '../net/ip-address.ts';
import type { Exchange } from './exchange.ts';
import { jsonReply, textReply } from './reply.ts';
import { parseUpdateParameters } from './update/parameters.ts';

/** How an address is shown. */
export type CheckipFormat = 'html' | 'text';

/** The caller's address in the given form, unless `?format=html|text|json` asks for another. */
export function replyCheckip(exchange: Exchange, format: CheckipFormat): Response {
  const address = formatIpAddress(exchange.source);
  switch (
    exchange.query === '' ? format : parseUpdateParameters(exchange.query).format.toLowerCase() || format
  ) {
    case 'json':
      return jsonReply({ ip: address });
    case 'text':
    case 'plain':
      return textReply(`${address}\n`);
    case 'html':
      return classicReply(address);
    default:
      return format === 'html' ? classicReply(address) : textReply(`${address}\n`);
  }
}

/** Byte for byte what checkip.dyndns.org sent: clients find the address by the words before it. */
function classicReply(address: string): Response {
  const body = `<html><head><title>Current IP Check</title></head><body>Current IP Address: ${address}</body></html>\r\n`;
  return textReply(body, 200, { 'Content-Type': 'text/html; charset=utf-8' });
}
