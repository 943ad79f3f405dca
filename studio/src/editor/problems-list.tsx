import type { ReactElement } from 'react';
import { withCode } from '../ui/code-text.tsx';
import { Icon } from '../ui/icon.tsx';
import type { Finding } from './model/findings.ts';

/** All that the server finds in the workflow, errors first. Each leads to its node. */
export function ProblemsList({
  findings,
  onOpen,
}: {
  findings: readonly Finding[];
  onOpen: (finding: Finding) => void;
}): ReactElement {
  if (findings.length === 0)
    return (
      <p className="weft-editor__fine">
        <Icon name="circleCheck" /> Nothing is wrong with this workflow.
      </p>
    );
  const sorted = [...findings].sort((a, b) => a.severity.localeCompare(b.severity));
  return (
    <ul className="weft-problems">
      {sorted.map((finding) => (
        <li key={`${finding.field} ${finding.message}`}>
          <button
            type="button"
            className={`weft-problems__item weft-problems__item--${finding.severity}`}
            onClick={() => onOpen(finding)}
          >
            <Icon name="alert" size={14} />
            <span>
              <span className="weft-hidden">{finding.severity}: </span>
              <span className="weft-problems__place">{placeOf(finding)}</span>
              {withCode(finding.message)}
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}

function placeOf({ nodeKey, nodeField, field }: Finding): string {
  if (nodeKey !== null) return nodeField === null ? nodeKey : `${nodeKey} · ${nodeField}`;
  return field ?? 'workflow';
}
