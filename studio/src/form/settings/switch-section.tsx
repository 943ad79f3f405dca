import { type ReactElement, type ReactNode, useId } from 'react';

export interface SwitchSectionProps {
  title: string;
  /** What holds, in words. */
  summary: ReactNode;
  isOn: boolean;
  onSwitch: (isOn: boolean) => void;
  isReadOnly: boolean;
  /** Its fields, while it is on. */
  children: ReactNode;
}

/** A setting that a node has or has not. */
export function SwitchSection(props: SwitchSectionProps): ReactElement {
  const { title, summary, isOn, onSwitch, isReadOnly, children } = props;
  const id = useId();
  return (
    <section className="weft-setting">
      <label className="weft-check" htmlFor={id}>
        <input
          id={id}
          type="checkbox"
          checked={isOn}
          disabled={isReadOnly}
          aria-describedby={`${id}-summary`}
          onChange={(event) => onSwitch(event.target.checked)}
        />
        {title}
      </label>
      <p id={`${id}-summary`} className="weft-setting__summary" aria-live="polite">
        {summary}
      </p>
      {isOn && <div className="weft-setting__fields">{children}</div>}
    </section>
  );
}
