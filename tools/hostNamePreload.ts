// Loaded with Node's --import into the server of VS Code and its extension hosts.
import { readFileSync } from 'node:fs';

import { certificateVariable, useTestHostName } from './hostName.ts';

useTestHostName(readFileSync(process.env[certificateVariable] ?? '', 'utf8'));
