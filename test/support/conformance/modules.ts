import { CONNECT_MODULES } from './connectModules.ts';
import { FAPI_MODULES } from './fapiModules.ts';
import { LOGOUT_MODULES } from './logoutModules.ts';
import type { Module } from './module.ts';

/** All modules, in the order of the list. */
export const MODULES: readonly Module[] = [...CONNECT_MODULES, ...LOGOUT_MODULES, ...FAPI_MODULES];
