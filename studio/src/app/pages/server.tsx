import type { ServerInfo } from '@weft/client';
import type { ReactElement, ReactNode } from 'react';
import { useServerInfo } from '../../data/server.ts';
import { withCode } from '../../ui/code-text.tsx';
import { Callout, SkeletonRows } from '../../ui/feedback.tsx';
import { Icon } from '../../ui/icon.tsx';
import { Badge } from '../../ui/status-badge.tsx';
import { Table } from '../../ui/table.tsx';
import { RelativeTime } from '../../ui/time.tsx';
import { Card, LoadFailed, Page } from '../page.tsx';
import './server.css';

export default function ServerPage(): ReactElement {
  const { data, error, refetch } = useServerInfo();
  return (
    <Page title="Server">
      {data ? (
        <>
          <Summary info={data} />
          <Sandbox sandbox={data.sandbox} />
          <Walls walls={data.sandbox.walls} />
          {data.sandbox.services.length > 0 && <Services services={data.sandbox.services} />}
          <Packages packages={data.packages} />
        </>
      ) : error ? (
        <LoadFailed what="what the server is" error={error} onRetry={refetch} />
      ) : (
        <Card>
          <SkeletonRows />
        </Card>
      )}
    </Page>
  );
}

function Summary({ info }: { info: ServerInfo }): ReactElement {
  return (
    <Card>
      <dl className="weft-facts">
        <Fact term="Weft">{info.version}</Fact>
        <Fact term="Postgres">{info.postgresVersion}</Fact>
        <Fact term="Python">{info.sandbox.pythonVersion ?? 'none'}</Fact>
        <Fact term="Python policy">{info.sandbox.policy.toLowerCase()}</Fact>
        <Fact term="Roles">{info.roles.join(', ')}</Fact>
        <Fact term="Started">
          <RelativeTime at={info.startedAt} />
        </Fact>
      </dl>
    </Card>
  );
}

function Fact({ term, children }: { term: string; children: ReactNode }): ReactElement {
  return (
    <div>
      <dt>{term}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Sandbox({ sandbox }: { sandbox: ServerInfo['sandbox'] }): ReactElement {
  if (sandbox.problem === null && sandbox.available)
    return (
      <Callout tone="success" title="Python can be run">
        Each run has a sandbox of its own, used once.
      </Callout>
    );
  return (
    <Callout tone="failure" title={sandbox.problem?.message ?? 'Python cannot be run now.'}>
      {sandbox.problem && (
        <p>
          {withCode(sandbox.problem.remedy)} <code>{sandbox.problem.code}</code>
        </p>
      )}
    </Callout>
  );
}

function Walls({ walls }: { walls: ServerInfo['sandbox']['walls'] }): ReactElement {
  const missing = walls.filter(({ inForce }) => !inForce).length;
  return (
    <Card title={`Walls around each run${missing === 0 ? '' : ` · ${missing} not in force`}`}>
      <ul className="weft-walls">
        {walls.map(({ name, inForce, detail }) => (
          <li key={name} className={inForce ? undefined : 'weft-walls__missing'}>
            <Icon name={inForce ? 'circleCheck' : 'alert'} />
            <div>
              <p className="weft-walls__name">
                <span>{name}</span>
                {inForce ? (
                  <span className="weft-hidden">in force</span>
                ) : (
                  <Badge tone="waiting">Not in force</Badge>
                )}
              </p>
              <p className="weft-muted">{withCode(detail)}</p>
            </div>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Services({ services }: { services: ServerInfo['sandbox']['services'] }): ReactElement {
  return (
    <Card title="Sandbox services">
      <Table
        label="Sandbox services"
        rows={services}
        rowKey={({ url }) => url}
        columns={[
          { id: 'url', header: 'Address', cell: ({ url }) => <span className="weft-mono">{url}</span> },
          {
            id: 'state',
            header: 'State',
            cell: ({ isUp, problem }) => (isUp ? 'Up' : withCode(problem ?? 'Down')),
          },
          {
            id: 'running',
            header: 'Running',
            align: 'end',
            width: '6rem',
            cell: ({ running, max }) => `${running ?? '–'} / ${max ?? '–'}`,
          },
          {
            id: 'waiting',
            header: 'Waiting',
            align: 'end',
            width: '6rem',
            priority: 2,
            cell: ({ waiting }) => waiting ?? '–',
          },
        ]}
      />
    </Card>
  );
}

function Packages({ packages }: { packages: ServerInfo['packages'] }): ReactElement {
  const { allowed, blocked, sourceBuilds, noIndex, maxEnvironmentsMb } = packages;
  return (
    <Card title="Python packages">
      <dl className="weft-facts">
        <Fact term="Allowed">{allowed === null ? 'any' : allowed.join(', ') || 'none'}</Fact>
        <Fact term="Blocked">{blocked.join(', ') || 'none'}</Fact>
        <Fact term="Source builds">{sourceBuilds ? 'allowed' : 'refused'}</Fact>
        <Fact term="Index">{noIndex ? 'none: local files only' : 'in use'}</Fact>
        <Fact term="Space for environments">{maxEnvironmentsMb} MB</Fact>
      </dl>
    </Card>
  );
}
