// Prints the product's result for each relying-party module of the OpenID Foundation's suite: npm run conformance.
import { tableOf } from '../test/support/conformance/module.ts';
import { MODULES } from '../test/support/conformance/modules.ts';

process.stdout.write(`${tableOf(MODULES)}\n`);
