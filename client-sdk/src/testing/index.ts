export type { ExecutionExport } from '../export.ts';
export { type Replay, type ReplayOptions, replay } from './replay.ts';
