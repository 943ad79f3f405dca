export type { NodeConfigs } from './_generated_configs.ts';
export { type DefinedNode, type DefinedWorkflow, defineWorkflow } from './define.ts';
