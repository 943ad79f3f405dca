import type { ReactElement } from 'react';
import { withCode } from '../ui/code-text.tsx';
import { Badge } from '../ui/status-badge.tsx';
import type { EnvironmentRecord, Finding, Notice } from './model/records.ts';

/** What code tried and was not allowed, what was left out, and how the packages came. */
export function Findings({
  findings,
  notices,
  environments,
  nameOf,
}: {
  findings: readonly Finding[];
  notices: readonly Notice[];
  environments: readonly EnvironmentRecord[];
  nameOf: (nodeKey: string) => string;
}): ReactElement {
  if (findings.length + notices.length + environments.length === 0)
    return <p className="weft-run__none">Nothing to report.</p>;
  return (
    <ul className="weft-findings">
      {findings.slice(0, maxShown).map(({ sequence, nodeKey, rule, layer, message, line }) => (
        <li key={sequence}>
          <Badge tone="failure">{rule}</Badge>
          <Badge tone="neutral">{layers[layer]}</Badge>
          <span>{withCode(message)}</span>
          <span className="weft-muted">
            {nameOf(nodeKey)}
            {line !== null && `, line ${line}`}
          </span>
        </li>
      ))}
      {notices.slice(0, maxShown).map(({ sequence, nodeKey, message }) => (
        <li key={sequence}>
          <Badge tone="waiting">Notice</Badge>
          <span>{withCode(message)}</span>
          <span className="weft-muted">{nameOf(nodeKey)}</span>
        </li>
      ))}
      {environments.slice(0, maxShown).map(({ sequence, nodeKey, status, packages, message }) => (
        <li key={sequence}>
          <Badge tone={status === 'FAILED' ? 'failure' : status === 'READY' ? 'success' : 'running'}>
            Packages {status.toLowerCase()}
          </Badge>
          <span>{withCode(message) ?? packages.slice(0, 12).join(', ')}</span>
          <span className="weft-muted">{nameOf(nodeKey)}</span>
        </li>
      ))}
    </ul>
  );
}

const maxShown = 200;
const layers = { STATIC: 'Before it ran', RUNTIME: 'While it ran', KERNEL: 'By the kernel' } as const;
