import { registerEnumType } from 'type-graphql';
import { approvalStatuses } from '../../use-cases/approvals.ts';
import { enumOf } from '../enum-of.ts';

export const ApprovalStatus = enumOf(approvalStatuses);
export const ApprovalDecisionKind = enumOf(['APPROVE', 'REJECT']);

registerEnumType(ApprovalStatus, {
  name: 'ApprovalStatus',
  description: 'How an approval stands. All but OPEN are final.',
  valuesConfig: {
    OPEN: { description: 'The execution waits for a decision.' },
    APPROVED: { description: 'As many approved as must.' },
    REJECTED: { description: 'Somebody rejected.' },
    TIMED_OUT: { description: 'Nobody decided in time.' },
    CANCELED: { description: 'Its execution ended before it was decided.' },
  },
});

registerEnumType(ApprovalDecisionKind, {
  name: 'ApprovalDecisionKind',
  description: 'What one decides.',
  valuesConfig: {
    APPROVE: { description: 'Yes.' },
    REJECT: { description: 'No: one is enough.' },
  },
});
