import { fanOutTemplate } from './fan-out.ts';
import { moviesTemplate } from './movies.ts';
import { pandasReportTemplate } from './pandas-report.ts';
import type { WorkflowTemplate } from './template.ts';

/** They hold code and data: load this file when they are to be shown. */
export const templates: readonly WorkflowTemplate[] = [moviesTemplate, pandasReportTemplate, fanOutTemplate];
