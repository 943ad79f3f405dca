import { runWide } from './global-setup.ts';

export default async function globalTeardown(): Promise<void> {
  await runWide.weftTestPostgres?.[Symbol.asyncDispose]();
}
