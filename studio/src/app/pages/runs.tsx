import { type ReactElement, useCallback } from 'react';
import { Link, useLocation, useSearchParams } from 'wouter';
import type { NavigationTarget } from '../../run/navigation.tsx';
import {
  anyRun,
  RunList,
  type RunListFilter,
  type StatusFilter,
  type TimeFilter,
} from '../../runs/run-list.tsx';
import { Page } from '../page.tsx';
import { pathOf } from '../paths.ts';

export default function RunsPage(): ReactElement {
  const [, navigate] = useLocation();
  const [params, setParams] = useSearchParams();
  const onNavigate = useCallback((target: NavigationTarget) => navigate(pathOf(target)), [navigate]);
  return (
    <Page title="Runs" layout="full">
      <RunList
        filter={filterOf(params)}
        onFilterChange={(filter) => setParams(paramsOf(filter), { replace: true })}
        emptyActions={<Link href="/workflows">To the workflows</Link>}
        hrefOf={pathOf}
        onNavigate={onNavigate}
      />
    </Page>
  );
}

const statuses: readonly string[] = [
  'all',
  'active',
  'parked',
  'succeeded',
  'failed',
  'canceled',
] satisfies StatusFilter[];
const times: readonly string[] = ['any', 'hour', 'day', 'week'] satisfies TimeFilter[];

/** What an address does not say, or says wrongly, filters nothing. */
function filterOf(params: URLSearchParams): RunListFilter {
  const status = params.get('status') ?? '';
  const within = params.get('time') ?? '';
  return {
    status: statuses.includes(status) ? (status as StatusFilter) : anyRun.status,
    workflowId: params.get('workflow') || null,
    within: times.includes(within) ? (within as TimeFilter) : anyRun.within,
    labels: params.get('labels') ?? '',
    error: params.get('error') ?? '',
  };
}

function paramsOf({ status, workflowId, within, labels, error }: RunListFilter): Record<string, string> {
  return {
    ...(status === anyRun.status ? {} : { status }),
    ...(workflowId === null ? {} : { workflow: workflowId }),
    ...(within === anyRun.within ? {} : { time: within }),
    ...(labels === '' ? {} : { labels }),
    ...(error === '' ? {} : { error }),
  };
}
