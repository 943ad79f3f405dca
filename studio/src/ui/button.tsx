import type { ComponentProps, ReactElement, ReactNode } from 'react';
import './button.css';
import { classNames } from './class-names.ts';
import { Icon, type IconName } from './icon.tsx';
import { Tooltip } from './tooltip.tsx';

export interface ButtonProps extends ComponentProps<'button'> {
  variant?: 'primary' | 'secondary' | 'ghost' | 'danger';
  size?: 'small' | 'medium';
  icon?: IconName | undefined;
  /** Shows a spinner and takes no clicks, while it keeps its place and its focus. */
  isBusy?: boolean;
  children?: ReactNode;
}

export function Button({
  variant = 'secondary',
  size = 'medium',
  icon,
  isBusy = false,
  className,
  children,
  onClick,
  ...rest
}: ButtonProps): ReactElement {
  return (
    <button
      type="button"
      className={classNames('weft-button', `weft-button--${variant}`, `weft-button--${size}`, className)}
      aria-busy={isBusy || undefined}
      onClick={isBusy ? (event) => event.preventDefault() : onClick}
      {...rest}
    >
      {isBusy ? <span className="weft-spinner" aria-hidden="true" /> : icon && <Icon name={icon} />}
      {children}
    </button>
  );
}

export interface IconButtonProps extends Omit<ButtonProps, 'children' | 'icon'> {
  icon: IconName;
  /** What it does; read out, and shown on hover and focus. */
  label: string;
}

export function IconButton({
  icon,
  label,
  variant = 'ghost',
  className,
  ...rest
}: IconButtonProps): ReactElement {
  return (
    <Tooltip text={label}>
      <Button
        variant={variant}
        icon={icon}
        aria-label={label}
        className={classNames('weft-button--icon', className)}
        {...rest}
      />
    </Tooltip>
  );
}
