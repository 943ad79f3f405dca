import type { Approval, ApprovalDecisionKind } from '@weft/client';
import { type ReactElement, useState } from 'react';
import { isClosedError } from '../data/approval-errors.ts';
import { useResolveApproval } from '../data/approvals.ts';
import { messageOf } from '../data/executions.ts';
import { InputForm } from '../form/input/input-form.tsx';
import { Button } from '../ui/button.tsx';
import { Callout } from '../ui/feedback.tsx';
import { Field, Input, TextArea } from '../ui/field.tsx';
import { useToast } from '../ui/toast.tsx';
import { useRememberedText } from '../ui/use-remembered.ts';

export interface DecideFormProps {
  approval: Approval;
  onTouch: (() => void) | undefined;
  onDecided: ((approval: Approval) => void) | undefined;
}

/** What one enters who decides, and the two ways to do so. Without `form` of the approval: a name, a comment. */
export function DecideForm({ approval, onTouch, onDecided }: DecideFormProps): ReactElement {
  const { id, title, form, required } = approval;
  const [by, setBy] = useRememberedText('approvals.by');
  const [comment, setComment] = useState('');
  const [values, setValues] = useState<unknown>(undefined);
  const [isValid, setIsValid] = useState(true);
  const [asked, setAsked] = useState<ApprovalDecisionKind | null>(null);
  const resolve = useResolveApproval(id);
  const toast = useToast();
  const touched = <Value,>(change: (value: Value) => void) => {
    return (value: Value) => {
      onTouch?.();
      change(value);
    };
  };
  const decide = (decision: ApprovalDecisionKind) => {
    setAsked(decision);
    resolve.mutate(
      {
        decision,
        by: by.trim() || null,
        comment: comment.trim() || null,
        values: form === null || (decision === 'REJECT' && values === undefined) ? null : (values ?? {}),
      },
      {
        onSuccess: (decided) => {
          toast({ tone: 'success', text: `${decision === 'APPROVE' ? 'Approved' : 'Rejected'}: ${title}` });
          onDecided?.(decided);
        },
      },
    );
  };
  const isClosed = isClosedError(resolve.error);
  const hasForm = form !== null;
  return (
    <div className="weft-approval__form">
      {hasForm && (
        <InputForm
          schema={form}
          value={values}
          onChange={touched(setValues)}
          onValidity={setIsValid}
          error={isClosed ? null : resolve.error}
          rows={5}
        />
      )}
      <div className="weft-approval__who">
        <Field label="Your name" isRequired={required > 1}>
          {(props) => (
            <Input {...props} value={by} maxLength={200} onChange={(event) => setBy(event.target.value)} />
          )}
        </Field>
        <Field label="Comment">
          {(props) => (
            <TextArea
              {...props}
              value={comment}
              rows={1}
              maxLength={10_000}
              onChange={(event) => touched(setComment)(event.target.value)}
            />
          )}
        </Field>
      </div>
      {isClosed && (
        <Callout tone="failure" title="It was decided or closed meanwhile: your decision does not count." />
      )}
      {resolve.error && !isClosed && !hasForm && (
        <Callout tone="failure" title={messageOf(resolve.error) ?? 'It could not be sent.'} />
      )}
      <div className="weft-approval__actions">
        <Button
          variant="primary"
          icon="check"
          isBusy={resolve.isPending && asked === 'APPROVE'}
          disabled={!isValid || isClosed}
          onClick={() => decide('APPROVE')}
        >
          Approve
        </Button>
        <Button
          variant="danger"
          icon="close"
          isBusy={resolve.isPending && asked === 'REJECT'}
          disabled={isClosed}
          onClick={() => decide('REJECT')}
        >
          Reject
        </Button>
      </div>
    </div>
  );
}
