/** All clients that are known by their bytes, in the order of the document. */
import type { Client } from './families/client-family.ts';
import { FIREWALLS } from './families/firewalls.ts';
import { FRITZBOX } from './families/fritzbox.ts';
import { GO_PROGRAMS } from './families/go-programs.ts';
import { HOME_ROUTER_CLIENTS } from './families/home-routers.ts';
import { INADYN_INSIDE } from './families/inadyn-inside.ts';
import { MIKROTIK } from './families/mikrotik.ts';
import { OPENWRT } from './families/openwrt.ts';
import { PYTHON_PROGRAMS } from './families/python-programs.ts';
import { RECORDERS } from './families/recorders.ts';
import { SYNOLOGY } from './families/synology.ts';
import { WINDOWS } from './families/windows.ts';

/** Every family's clients. */
export const CLIENTS: readonly Client[] = [
  ...FRITZBOX,
  ...OPENWRT,
  ...INADYN_INSIDE,
  ...HOME_ROUTER_CLIENTS,
  ...FIREWALLS,
  ...MIKROTIK,
  ...SYNOLOGY,
  ...GO_PROGRAMS,
  ...PYTHON_PROGRAMS,
  ...WINDOWS,
  ...RECORDERS,
];
