import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { PythonEnvironment } from '@weft/client';
import { useWeft } from '@weft/client/react';
import type { ReactElement, ReactNode } from 'react';
import { keys } from '../../data/keys.ts';
import { Button } from '../../ui/button.tsx';
import { formatBytes } from '../../ui/format.ts';
import { Icon } from '../../ui/icon.tsx';
import { Duration, RelativeTime } from '../../ui/time.tsx';
import { normalizeName } from './imports.ts';

/** Whether the packages are installed, how large and how old that is, and a button that installs them now. */
export function EnvironmentStatus({ packages }: { packages: readonly string[] }): ReactElement {
  const { environment, preparation, prepare } = useEnvironment(packages);
  if (preparation.isPending || environment?.state === 'BUILDING') {
    const since = environment?.state === 'BUILDING' ? environment.createdAt : preparation.startedAt;
    return (
      <Status icon={<span className="weft-spinner" />}>
        Installing <Duration from={since} until={null} />
        {environment?.state === 'BUILDING' && environment.message && ` · ${environment.message}`}
      </Status>
    );
  }
  const failure =
    preparation.error?.message ?? (environment?.state === 'FAILED' ? environment.message : null);
  if (failure !== null && environment?.state !== 'READY') {
    return (
      <div className="weft-environment-failure">
        <Status tone="failure" icon={<Icon name="alert" size={14} />} onPrepare={prepare} action="Try again">
          Could not be installed
        </Status>
        <pre>{failure}</pre>
      </div>
    );
  }
  if (environment === undefined) {
    return (
      <Status icon={<Icon name="box" size={14} />} onPrepare={prepare} action="Prepare now">
        Not installed yet. The first run installs them.
      </Status>
    );
  }
  return (
    <Status tone="success" icon={<Icon name="circleCheck" size={14} />}>
      <span title={environment.packages.map(({ name, version }) => `${name} ${version}`).join('\n')}>
        Installed: {countOf(environment)}
      </span>
      {' · '}
      {formatBytes(environment.sizeBytes)}
      {' · '}
      <RelativeTime at={environment.createdAt} />
    </Status>
  );
}

function Status({
  tone = 'neutral',
  icon,
  children,
  onPrepare,
  action,
}: {
  tone?: string;
  icon: ReactElement;
  children: ReactNode;
  onPrepare?: () => void;
  action?: string;
}): ReactElement {
  return (
    <div className={`weft-environment weft-environment--${tone}`}>
      {icon}
      <span className="weft-environment__text" role="status">
        {children}
      </span>
      {onPrepare && (
        <Button size="small" onClick={onPrepare}>
          {action}
        </Button>
      )}
    </div>
  );
}

/** The environment of these packages on the host that answers, as far as their spelling says. */
function useEnvironment(packages: readonly string[]) {
  const client = useWeft();
  const queries = useQueryClient();
  const wanted = keyOf(packages);
  const preparing = useMutation({
    mutationKey: ['prepare', wanted],
    mutationFn: async (list: readonly string[]) => ({
      environment: await client.python.environments.prepare([...list]),
      wanted: keyOf(list),
    }),
    onSettled: () => queries.invalidateQueries({ queryKey: keys.environments }),
  });
  const isOfThese = preparing.variables !== undefined && keyOf(preparing.variables) === wanted;
  const isPending = isOfThese && preparing.isPending;
  const { data: environments } = useQuery({
    queryKey: keys.environments,
    queryFn: ({ signal }) => client.python.environments.list({ signal }),
    // No stream tells how far a build is. This reads it as long as a build that was begun here goes on, and no longer.
    refetchInterval: isPending ? 1_000 : false,
  });
  const prepared = isOfThese && preparing.data?.wanted === wanted ? preparing.data.environment : undefined;
  const environment =
    environments?.find(({ id }) => id === prepared?.id) ??
    environments?.find(({ requirements }) => keyOf(requirements) === wanted) ??
    prepared;
  return {
    environment,
    prepare: () => preparing.mutate(packages),
    preparation: {
      isPending,
      startedAt: new Date(preparing.submittedAt || Date.now()).toISOString(),
      error: isOfThese ? preparing.error : null,
    },
  };
}

/** The same for lists that ask for the same in another order or spelling. */
function keyOf(requirements: readonly string[]): string {
  const spelled = requirements.map((each) => {
    const [, name = '', rest = ''] = /^\s*([\w.-]*)(.*)$/s.exec(each) ?? [];
    return normalizeName(name) + rest.replace(/\s+/g, '');
  });
  return [...new Set(spelled)].sort().join('\n');
}

function countOf({ packages }: PythonEnvironment): string {
  return packages.length === 1 ? '1 package' : `${packages.length} packages`;
}
