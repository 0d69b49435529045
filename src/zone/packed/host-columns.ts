/**
 * What a zone keeps of a host beside its addresses, as an agreement between the zone and whoever knows what that is.
 * Invariants: the zone reads only the addresses of a host; what else there is belongs to the number of the host's node, in
 * the cells of its row or beside them, and is read back as it was put last under that number.
 */
import type { HostAddresses } from '../zone-view.ts';

/** What a host record holds beyond its addresses. */
export type RestOfHost<Host extends HostAddresses> = Omit<Host, keyof HostAddresses>;

/** What the row of a node has room for beside the addresses of its host, so that both lie together. */
export interface HostCells {
  /** Eight bits, 0 at first; they outlast the host. */
  marks(id: number): number;
  setMarks(id: number, marks: number): void;
  /** 32 bits. */
  number(id: number): number;
  setNumber(id: number, value: number): void;
  /** 64 bits of floating point. */
  time(id: number): number;
  setTime(id: number, value: number): void;
}

/** Keeps what a host record holds beyond its addresses, by the number of its node. */
export interface HostColumns<Host extends HostAddresses> {
  put(cells: HostCells, id: number, rest: RestOfHost<Host>): void;
  /** The host whose addresses these are, as it was put last under this number. */
  get(cells: HostCells, id: number, addresses: HostAddresses): Host;
  /** A copy that changes on its own. */
  clone(): HostColumns<Host>;
}

/** Hosts that are nothing but their addresses. */
export const ADDRESSES_ONLY: HostColumns<HostAddresses> = {
  put: () => undefined,
  get: (_cells, _id, addresses) => addresses,
  clone: () => ADDRESSES_ONLY,
};
