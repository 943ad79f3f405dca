import type { ReactElement } from 'react';
import { useOpenApprovals } from '../data/approvals.ts';

/** How many approvals wait for people, beside the name of their page. */
export function ApprovalCount(): ReactElement | null {
  const { length } = useOpenApprovals().approvals;
  if (length === 0) return null;
  return (
    <span className="weft-shell__count" title={`${length} open`}>
      {length > 99 ? '99+' : length}
      <span className="weft-hidden"> open</span>
    </span>
  );
}
