/** The administrator on top of the fixture's room, and how its results are read. */
import assert from 'node:assert/strict';
import type { AdminCommand, AdminResult, Administrator } from '../../../src/update/admin/command.ts';
import { createAdministrator } from '../../../src/update/admin/create-administrator.ts';
import { type Room, createRoom } from './fixture.ts';

/** Carries out one command. */
export type Execute = <K extends AdminCommand['kind']>(
  command: Extract<AdminCommand, { kind: K }>,
) => Promise<AdminResult<K>>;

/** A room and the administrator on top of it. */
export async function createOffice(): Promise<Room & { administrator: Administrator; run: Execute }> {
  const room = await createRoom();
  const administrator = createAdministrator({
    view: room.store.view,
    committer: room.committer,
    clock: room.clock,
    hashPassword: (password) => Promise.resolve(`hash of ${password.length} characters`),
  });
  return { ...room, administrator, run: (command) => administrator.execute(command) };
}

/** A zone without anything given. */
export const zoneAdd = { kind: 'zone-add', nameServers: [], addresses: [], accept: 'public' } as const;

/** The value of a result that must be a success. */
export function value<T>(result: { ok: true; value: T } | { ok: false; message: string }): T {
  assert.ok(result.ok, result.ok ? '' : result.message);
  return result.value;
}

/** `code: message` of a result that must be a refusal. */
export function refusal(result: AdminResult): string {
  assert.ok(!result.ok, 'the command was carried out');
  return `${result.code}: ${result.message}`;
}
