import type { ApprovalStatus } from '@weft/client';
import type { ReactElement } from 'react';
import { Icon, type IconName } from '../ui/icon.tsx';
import { Badge, type StatusTone } from '../ui/status-badge.tsx';

export function ApprovalBadge({ status }: { status: ApprovalStatus }): ReactElement {
  const { tone, icon, label } = looks[status];
  return (
    <Badge tone={tone}>
      <Icon name={icon} size={14} />
      {label}
    </Badge>
  );
}

const looks: Record<ApprovalStatus, { tone: StatusTone; icon: IconName; label: string }> = {
  OPEN: { tone: 'waiting', icon: 'clock', label: 'Open' },
  APPROVED: { tone: 'success', icon: 'circleCheck', label: 'Approved' },
  REJECTED: { tone: 'failure', icon: 'circleX', label: 'Rejected' },
  TIMED_OUT: { tone: 'neutral', icon: 'clock', label: 'Timed out' },
  CANCELED: { tone: 'neutral', icon: 'circleSlash', label: 'Canceled' },
};
