// Runs commands at the same time: node tools/together.ts COMMAND…
// Exits with the exit code of the first command that fails.
import { runTogether } from './runTogether.ts';

process.exitCode = await runTogether(process.argv.slice(2));
