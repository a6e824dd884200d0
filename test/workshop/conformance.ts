// Prints what this product does in each relying-party module of the OpenID Foundation's suite: npm run conformance.
import { CONNECT_MODULES } from '../support/conformance/connectModules.ts';
import { FAPI_MODULES } from '../support/conformance/fapiModules.ts';
import { tableOf } from '../support/conformance/module.ts';

process.stdout.write(`${tableOf([...CONNECT_MODULES, ...FAPI_MODULES])}\n`);
