import { type ReactElement, useCallback, useEffect } from 'react';
import { useLocation, useParams, useSearchParams } from 'wouter';
import type { NavigationTarget } from '../../run/navigation.tsx';
import type { RunPlace, RunTab } from '../../run/run-place.ts';
import { useRunDetails } from '../../run/run-queries.ts';
import { RunView } from '../../run/run-view.tsx';
import { pathOf } from '../paths.ts';
import './run.css';

export default function RunPage(): ReactElement {
  const { id = '' } = useParams<{ id: string }>();
  const [, navigate] = useLocation();
  const [params, setParams] = useSearchParams();
  const { data } = useRunDetails(id);
  const title = data?.workflow?.name ?? 'Run';
  useEffect(() => {
    document.title = `${title} · Weft`;
  }, [title]);
  const onNavigate = useCallback((target: NavigationTarget) => navigate(pathOf(target)), [navigate]);
  const onPlaceChange = useCallback(
    (place: RunPlace) => setParams(paramsOf(place), { replace: true }),
    [setParams],
  );
  return (
    <div className="weft-run-page">
      <RunView
        executionId={id}
        initialPlace={placeOf(params)}
        onPlaceChange={onPlaceChange}
        hrefOf={pathOf}
        onNavigate={onNavigate}
      />
    </div>
  );
}

const tabs: readonly string[] = ['logs', 'output', 'input', 'files', 'findings', 'runs'] satisfies RunTab[];

/** A link leads to what was looked at. */
function placeOf(params: URLSearchParams): Partial<RunPlace> {
  const nodeKey = params.get('node');
  const item = Number.parseInt(params.get('item') ?? '', 10);
  const tab = params.get('tab') ?? '';
  const at = Number.parseInt(params.get('at') ?? '', 10);
  return {
    selected: nodeKey === null ? null : { nodeKey, item: Number.isNaN(item) ? null : item },
    tab: tabs.includes(tab) ? (tab as RunTab) : 'logs',
    view: params.get('view') === 'graph' ? 'graph' : 'timeline',
    at: at > 0 ? at : null,
  };
}

function paramsOf({ selected, tab, view, at }: RunPlace): Record<string, string> {
  return {
    ...(selected === null ? {} : { node: selected.nodeKey }),
    ...(selected?.item == null ? {} : { item: String(selected.item) }),
    ...(tab === 'logs' ? {} : { tab }),
    ...(view === 'timeline' ? {} : { view }),
    ...(at === null ? {} : { at: String(at) }),
  };
}
