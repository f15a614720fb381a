// npm run fleet -- --minutes 10: runs test/fleet/main.ts.
import { runBundled } from './bundle.mjs';

process.exitCode = await runBundled('test/fleet/main.ts', process.argv.slice(2));
