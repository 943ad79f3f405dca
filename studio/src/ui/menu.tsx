import { type KeyboardEvent, type ReactElement, useId, useRef } from 'react';
import { Button, type ButtonProps, IconButton } from './button.tsx';
import { classNames } from './class-names.ts';
import { Icon, type IconName } from './icon.tsx';
import './menu.css';
import { placeBy } from './place.ts';

export interface MenuItem {
  label: string;
  icon?: IconName;
  onSelect: () => void;
  isDisabled?: boolean;
  isDanger?: boolean;
  /** Of a choice among several: whether it is the one. */
  isChecked?: boolean;
}

export interface MenuProps extends Pick<ButtonProps, 'variant' | 'size' | 'icon'> {
  /** Of the button; read out only, where `isIconOnly`. */
  label: string;
  isIconOnly?: boolean;
  items: readonly MenuItem[];
}

/** A button that opens a list of actions. Arrows, Home, End and first letters move in it; Escape closes it. */
export function Menu({
  label,
  isIconOnly = false,
  items,
  icon = 'more',
  ...button
}: MenuProps): ReactElement {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const trigger = useRef<HTMLButtonElement>(null);
  const entries = () => [...(list.current?.querySelectorAll<HTMLElement>('button:enabled') ?? [])];

  const onToggle = (isOpen: boolean) => {
    trigger.current?.setAttribute('aria-expanded', String(isOpen));
    if (!isOpen || list.current === null || trigger.current === null) return;
    placeBy(trigger.current, list.current, 'end');
    entries()[0]?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const all = entries();
    const next = nextEntry(all, all.indexOf(document.activeElement as HTMLElement), event.key);
    if (next === undefined) return;
    event.preventDefault();
    next.focus();
  };
  const triggerProps = {
    ref: trigger,
    icon,
    popoverTarget: id,
    'aria-haspopup': 'menu',
    'aria-expanded': false,
    ...button,
  } as const;
  return (
    <>
      {isIconOnly ? (
        <IconButton {...triggerProps} label={label} />
      ) : (
        <Button {...triggerProps}>
          {label}
          <Icon name="chevronDown" size={14} />
        </Button>
      )}
      <div
        ref={list}
        id={id}
        popover="auto"
        role="menu"
        tabIndex={-1}
        aria-label={label}
        className="weft-menu"
        onToggle={(event) => onToggle(event.newState === 'open')}
        onKeyDown={onKeyDown}
      >
        {items.map(({ label: text, icon: itemIcon, onSelect, isDisabled, isDanger, isChecked }) => (
          <button
            key={text}
            type="button"
            {...roleOf(isChecked)}
            disabled={isDisabled}
            className={classNames('weft-menu__item', isDanger && 'weft-menu__item--danger')}
            onClick={() => {
              list.current?.hidePopover();
              onSelect();
            }}
          >
            {itemIcon && <Icon name={itemIcon} />}
            <span>{text}</span>
            {isChecked && <Icon name="check" size={14} />}
          </button>
        ))}
      </div>
    </>
  );
}

function roleOf(isChecked: boolean | undefined) {
  return isChecked === undefined
    ? { role: 'menuitem' }
    : { role: 'menuitemradio', 'aria-checked': isChecked };
}

function nextEntry(entries: HTMLElement[], current: number, key: string): HTMLElement | undefined {
  switch (key) {
    case 'ArrowDown':
      return entries[(current + 1) % entries.length];
    case 'ArrowUp':
      return entries.at(current - 1);
    case 'Home':
      return entries[0];
    case 'End':
      return entries.at(-1);
    default:
      if (key.length !== 1 || key === ' ') return undefined;
      return [...entries.slice(current + 1), ...entries].find((entry) =>
        entry.textContent.trim().toLowerCase().startsWith(key.toLowerCase()),
      );
  }
}
