// Builds what has changed, then runs the simulator: npm run sim -- --seeds 1000 --from 1 --jobs 2
import { build } from './build.mjs';

await build();
await import('../dist/sim/main.js');
