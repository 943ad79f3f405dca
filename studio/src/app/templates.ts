import type { WorkflowTemplate } from '../editor/templates/template.ts';

/** They hold code and data, so they are loaded when they are to be shown. */
export async function loadTemplates(): Promise<readonly WorkflowTemplate[]> {
  const { templates } = await import('../editor/templates/templates.ts');
  return templates;
}
