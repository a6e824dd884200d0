// The quick fixes for failures.
import { FAILURE_POLICIES, type Category } from '../core/failurePolicies.ts';
import type { Action } from '../core/failurePolicy.ts';
import type { QuickFix } from './finding.ts';

/** Returns the quick fix for the first recovery action of a failure; the given one if there is none for it. */
export function quickFixFor(category: Category, otherwise: QuickFix): QuickFix {
  const [first] = FAILURE_POLICIES[category].actions;
  return (first === undefined ? undefined : QUICK_FIXES[first]) ?? otherwise;
}

const QUICK_FIXES: Readonly<Partial<Record<Action, QuickFix>>> = {
  'sign-in': 'sign-in',
  settings: 'settings',
  scopes: 'settings',
  'copy-redirect': 'settings',
  'proxy-settings': 'proxy-settings',
  'certificate-settings': 'proxy-settings',
  log: 'log',
};
