import type { AuditedViolation } from '@weft/client';
import { type ReactElement, useMemo } from 'react';
import { useAlerts, useViolations } from '../../data/security.ts';
import { Button } from '../../ui/button.tsx';
import { EmptyState, SkeletonRows } from '../../ui/feedback.tsx';
import { Icon } from '../../ui/icon.tsx';
import { MoreOnScroll } from '../../ui/more-on-scroll.tsx';
import { Table } from '../../ui/table.tsx';
import { Card, LoadFailed, Page } from '../page.tsx';
import { Alerts } from './security/alerts.tsx';
import { violationColumns } from './security/violation-columns.tsx';
import { useViolationFilter, ViolationFilters } from './security/violation-filters.tsx';
import './security.css';

export default function SecurityPage(): ReactElement {
  const { choice, filter, isNarrowed, choose, clear } = useViolationFilter();
  const violations = useViolations(filter);
  const alerts = useAlerts();
  const columns = useMemo(() => violationColumns((rule) => choose({ rule })), [choose]);
  const rows = violations.data;
  return (
    <Page title="Security" description="What code tried and was not allowed, as it happens.">
      {alerts.data && alerts.data.length > 0 && <Alerts alerts={alerts.data} />}
      {(isNarrowed || (rows && rows.length > 0)) && (
        <ViolationFilters choice={choice} rows={rows ?? []} onChoose={choose} />
      )}
      {violations.error && rows === undefined ? (
        <LoadFailed what="the violations" error={violations.error} onRetry={violations.refetch} />
      ) : (
        <Card>
          {rows === undefined ? (
            <SkeletonRows />
          ) : rows.length > 0 ? (
            <Table
              label="Violations"
              columns={columns}
              rows={rows}
              rowKey={({ cursor }: AuditedViolation) => cursor}
            />
          ) : isNarrowed ? (
            <EmptyState
              icon="filter"
              title="No violation fits these filters"
              actions={<Button onClick={clear}>Clear the filters</Button>}
            />
          ) : (
            <NothingRefused />
          )}
        </Card>
      )}
      <MoreOnScroll {...violations} />
    </Page>
  );
}

function NothingRefused(): ReactElement {
  return (
    <>
      <EmptyState icon="shield" title="Nothing has been refused">
        Python runs behind three walls. What one of them stops is listed here with the rule it broke and the
        line.
      </EmptyState>
      <ol className="weft-security__walls">
        {walls.map(({ icon, name, text }) => (
          <li key={name}>
            <Icon name={icon} />
            <h3>{name}</h3>
            <p>{text}</p>
          </li>
        ))}
      </ol>
    </>
  );
}

const walls = [
  {
    icon: 'code',
    name: 'Before it runs',
    text: 'Code is read first. Imports such as os and socket, eval, and ways around them are named with their line.',
  },
  {
    icon: 'clock',
    name: 'While it runs',
    text: 'Hooks in Python judge each sensitive call by who makes it: your code is held to the policy, libraries are not.',
  },
  {
    icon: 'box',
    name: 'Around it',
    text: 'The kernel gives each run a room of its own: no network, a read-only root, limits, a filter of system calls.',
  },
] as const;
