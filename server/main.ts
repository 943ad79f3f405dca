import { setSourceMapsSupport } from 'node:module';

// Not by `--enable-source-maps`: then pino reads the map of the whole server at each start, which takes 0.15 s of CPU.
setSourceMapsSupport(true);
const { serve } = await import('./serve.ts');
await serve();
