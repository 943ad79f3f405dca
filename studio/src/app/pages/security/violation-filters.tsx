import type {
  AuditedViolation,
  SecurityViolationFilter,
  ViolationLayer,
  ViolationSeverity,
} from '@weft/client';
import { type ReactElement, useCallback, useMemo, useRef } from 'react';
import { useSearchParams } from 'wouter';
import { useWorkflows } from '../../../data/workflows.ts';
import { FilterSelect, Filters } from '../../../ui/filters.tsx';
import { layerLabels, severityLabels } from './violation-columns.tsx';

/** As the address keeps it, so that reload, back and a link to it work. */
export type FilterChoice = Record<'workflow' | 'rule' | 'layer' | 'severity' | 'time', string>;

export interface ViolationFilterState {
  choice: FilterChoice;
  filter: SecurityViolationFilter;
  isNarrowed: boolean;
  choose(part: Partial<FilterChoice>): void;
  clear(): void;
}

export function useViolationFilter(): ViolationFilterState {
  const [params, setParams] = useSearchParams();
  const [workflow, rule, layer, severity, time] = names.map((name) => params.get(name) ?? '') as [
    string,
    string,
    string,
    string,
    string,
  ];
  const filter = useMemo(
    () => ({
      ...(workflow && { workflowId: workflow }),
      ...(rule && { rule }),
      ...(layer in layerLabels && { layer: layer as ViolationLayer }),
      ...(severity in severityLabels && { minSeverity: severity as ViolationSeverity }),
      ...(time in times && { occurredFrom: new Date(Date.now() - times[time]!.ms).toISOString() }),
    }),
    [workflow, rule, layer, severity, time],
  );
  const choose = useCallback(
    (part: Partial<FilterChoice>) =>
      setParams((before) => {
        const next = new URLSearchParams(before);
        for (const [name, value] of Object.entries(part)) value ? next.set(name, value) : next.delete(name);
        return next;
      }),
    [setParams],
  );
  return {
    choice: { workflow, rule, layer, severity, time },
    filter,
    isNarrowed: Object.keys(filter).length > 0,
    choose,
    clear: () => setParams({}),
  };
}

const names = ['workflow', 'rule', 'layer', 'severity', 'time'] as const;
/** Each choice includes what is more severe; the least one would narrow nothing. */
const leastSeverities = [
  ['MEDIUM', 'Medium and high'],
  ['HIGH', 'Only high'],
] as const;
const hourMs = 3_600_000;
const times: Record<string, { label: string; ms: number }> = {
  '1h': { label: 'Last hour', ms: hourMs },
  '24h': { label: 'Last 24 hours', ms: 24 * hourMs },
  '7d': { label: 'Last 7 days', ms: 7 * 24 * hourMs },
  '30d': { label: 'Last 30 days', ms: 30 * 24 * hourMs },
};

interface ViolationFiltersProps {
  choice: FilterChoice;
  /** What is shown: rules are offered as they were seen. */
  rows: readonly AuditedViolation[];
  onChoose: (part: Partial<FilterChoice>) => void;
}

export function ViolationFilters({ choice, rows, onChoose }: ViolationFiltersProps): ReactElement {
  const { data: workflows = [] } = useWorkflows('');
  const seen = useRef(new Set<string>());
  for (const { violation } of rows) seen.current.add(violation.rule);
  const rules = [...seen.current].sort();
  const layers = Object.entries(layerLabels);
  return (
    <Filters>
      <FilterSelect
        label="Workflow"
        all="All workflows"
        value={choice.workflow}
        options={workflows.map(({ id, name }) => [id, name])}
        onChange={(workflow) => onChoose({ workflow })}
      />
      <FilterSelect
        label="Rule"
        all="All rules"
        value={choice.rule}
        options={rules.map((rule) => [rule, rule])}
        onChange={(rule) => onChoose({ rule })}
      />
      <FilterSelect
        label="Wall"
        all="All walls"
        value={choice.layer}
        options={layers}
        onChange={(layer) => onChoose({ layer })}
      />
      <FilterSelect
        label="Severity"
        all="Any severity"
        value={choice.severity}
        options={leastSeverities}
        onChange={(severity) => onChoose({ severity })}
      />
      <FilterSelect
        label="Time"
        all="Any time"
        value={choice.time}
        options={Object.entries(times).map(([id, { label }]) => [id, label])}
        onChange={(time) => onChoose({ time })}
      />
    </Filters>
  );
}
