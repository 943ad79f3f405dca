import type { AuditedViolation, ViolationLayer, ViolationSeverity } from '@weft/client';
import type { ReactElement } from 'react';
import { Link } from 'wouter';
import { withCode } from '../../../ui/code-text.tsx';
import { Badge, type StatusTone } from '../../../ui/status-badge.tsx';
import type { Column } from '../../../ui/table.tsx';
import { RelativeTime } from '../../../ui/time.tsx';

/** How the walls are named on this page. */
export const layerLabels: Record<ViolationLayer, string> = {
  STATIC: 'Before it ran',
  RUNTIME: 'While it ran',
  KERNEL: 'By the kernel',
};

export const severityLabels: Record<ViolationSeverity, string> = {
  LOW: 'Low',
  MEDIUM: 'Medium',
  HIGH: 'High',
};

const severityTones: Record<ViolationSeverity, StatusTone> = {
  LOW: 'neutral',
  MEDIUM: 'waiting',
  HIGH: 'failure',
};

export function violationColumns(onRule: (rule: string) => void): readonly Column<AuditedViolation>[] {
  return [
    { id: 'what', header: 'What was tried', cell: (row) => <WhatCell row={row} onRule={onRule} /> },
    {
      id: 'severity',
      header: 'Severity',
      width: '6rem',
      cell: ({ severity }) => <Badge tone={severityTones[severity]}>{severityLabels[severity]}</Badge>,
    },
    {
      id: 'layer',
      header: 'Stopped',
      width: '9rem',
      priority: 2,
      cell: ({ violation }) => <Badge tone="neutral">{layerLabels[violation.layer]}</Badge>,
    },
    { id: 'where', header: 'Where', width: '14rem', priority: 2, cell: (row) => <WhereCell row={row} /> },
    {
      id: 'when',
      header: 'When',
      width: '8rem',
      align: 'end',
      cell: ({ occurredAt }) => (
        <span className="weft-muted">
          <RelativeTime at={occurredAt} />
        </span>
      ),
    },
  ];
}

function WhatCell({ row, onRule }: { row: AuditedViolation; onRule: (rule: string) => void }): ReactElement {
  const { rule, message } = row.violation;
  return (
    <div className="weft-security__what">
      <p>{withCode(message)}</p>
      <button
        type="button"
        className="weft-security__rule"
        title={`Only ${rule}`}
        onClick={() => onRule(rule)}
      >
        {rule}
      </button>
      <span className="weft-security__narrow">
        <WhereCell row={row} />
      </span>
    </div>
  );
}

function WhereCell({ row }: { row: AuditedViolation }): ReactElement {
  const { execution, nodeKey, violation } = row;
  const place = `${nodeKey}${violation.line === null ? '' : `, line ${violation.line}`}`;
  if (execution === null) return <span className="weft-muted">{place} of a run that was deleted</span>;
  return (
    <span className="weft-security__where">
      <Link href={`/runs/${execution.id}?node=${encodeURIComponent(nodeKey ?? '')}`}>{place}</Link>
      <span className="weft-muted">
        {execution.workflow ? (
          <Link href={`/workflows/${execution.workflow.id}`}>{execution.workflow.name}</Link>
        ) : (
          'Python without a workflow'
        )}
      </span>
    </span>
  );
}
