import type { PythonEnvironment } from '@weft/client';
import { type ReactElement, type ReactNode, useMemo } from 'react';
import { type Preparation, useEnvironments, usePreparations } from '../../data/environments.ts';
import { Button } from '../../ui/button.tsx';
import { formatBytes } from '../../ui/format.ts';
import { Icon } from '../../ui/icon.tsx';
import { Duration, RelativeTime } from '../../ui/time.tsx';
import { normalizeName } from './requirement.ts';

/** Whether the packages are installed, how large and how old that is, and a button that installs them now. */
export function EnvironmentStatus({ packages }: { packages: readonly string[] }): ReactElement {
  const { environment, preparation, prepare } = useEnvironment(packages);
  const status = preparation?.stage?.status;
  const hasEnded = status === 'READY' || status === 'FAILED' || preparation?.problem != null;
  if (preparation && !hasEnded) {
    return (
      <Status icon={<span className="weft-spinner" />}>
        Installing <Duration from={preparation.startedAt} until={null} />
        {preparation.stage?.message && ` · ${preparation.stage.message}`}
      </Status>
    );
  }
  const failure = failureOf(preparation, environment);
  if (failure !== null) {
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

/** Why they are not installed, null unless that failed. */
function failureOf(
  preparation: Preparation | undefined,
  environment: PythonEnvironment | undefined,
): string | null {
  if (environment?.state === 'READY') return null;
  if (preparation?.problem) return preparation.problem.message;
  if (preparation?.stage?.status === 'FAILED') return preparation.stage.message ?? '';
  return environment?.state === 'FAILED' ? (environment.message ?? '') : null;
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

/** The environment of these packages on the host that answers, as far as their spelling says, and its build. */
function useEnvironment(packages: readonly string[]) {
  const wanted = keyOf(packages);
  const { data } = useEnvironments();
  const same = useMemo(
    () => data?.filter(({ requirements }) => keyOf(requirements) === wanted),
    [data, wanted],
  );
  const { all, prepare } = usePreparations(same);
  const preparation = all.find((each) => keyOf(each.packages) === wanted);
  const built = preparation?.stage?.environment;
  return {
    preparation,
    environment: same?.find(({ state }) => state === 'READY') ?? built ?? same?.[0],
    prepare: () => prepare(packages),
  };
}

/** The same for lists that mean the same in another order or spelling. */
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
