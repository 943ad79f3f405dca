/** Joins those that are there: `classNames('weft-row', isChosen && 'weft-row--chosen')`. */
export function classNames(...names: (string | false | null | undefined)[]): string {
  return names.filter(Boolean).join(' ');
}
