// Prints what this product does in each relying-party module of the OpenID Foundation's suite: npm run conformance.
import { tableOf } from '../support/conformance/module.ts';
import { MODULES } from '../support/conformance/modules.ts';

process.stdout.write(`${tableOf(MODULES)}\n`);
