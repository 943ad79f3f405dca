import { HighlightStyle } from '@codemirror/language';
import { EditorView } from '@codemirror/view';
import { tags } from '@lezer/highlight';

/** Colours are the tokens', which know light from dark. */
export const highlightStyle = HighlightStyle.define([
  {
    tag: [
      tags.keyword,
      tags.operatorKeyword,
      tags.controlKeyword,
      tags.definitionKeyword,
      tags.moduleKeyword,
    ],
    color: 'var(--weft-accent-text)',
  },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--weft-success)' },
  { tag: [tags.number, tags.bool, tags.null, tags.self], color: 'var(--weft-waiting)' },
  { tag: tags.comment, color: 'var(--weft-text-3)', fontStyle: 'italic' },
  {
    tag: [tags.function(tags.variableName), tags.function(tags.definition(tags.variableName))],
    color: 'var(--weft-running)',
  },
  { tag: [tags.className, tags.definition(tags.className), tags.meta], color: 'var(--weft-reused)' },
  { tag: tags.propertyName, color: 'var(--weft-running)' },
  { tag: [tags.operator, tags.punctuation], color: 'var(--weft-text-2)' },
  { tag: tags.invalid, color: 'var(--weft-failure)' },
]);

const wavy = (colour: string) => ({
  backgroundImage: 'none',
  textDecorationLine: 'underline',
  textDecorationStyle: 'wavy',
  textDecorationThickness: '1px',
  textDecorationColor: `var(${colour})`,
  textUnderlineOffset: '3px',
});

export const theme = EditorView.theme({
  '&': { color: 'var(--weft-text)', backgroundColor: 'transparent', fontSize: 'var(--weft-size-s)' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': {
    fontFamily: 'var(--weft-font-mono)',
    lineHeight: '1.55',
    minHeight: 'var(--weft-code-min-height, 11rem)',
    maxHeight: 'var(--weft-code-max-height, 32rem)',
  },
  '.cm-content': { padding: '0.5rem 0', caretColor: 'var(--weft-accent-text)' },
  '.cm-line': { padding: '0 0.75rem 0 0.5rem' },
  '.cm-placeholder': { color: 'var(--weft-text-3)' },
  '.cm-cursor': { borderLeftColor: 'var(--weft-accent-text)', borderLeftWidth: '2px' },
  '.cm-gutters': { backgroundColor: 'transparent', color: 'var(--weft-text-3)', border: 'none' },
  '.cm-lineNumbers .cm-gutterElement': { padding: '0 0.25rem 0 0.75rem', minWidth: '2.25rem' },
  '.cm-activeLine': { backgroundColor: 'var(--weft-hover)' },
  '&:not(.cm-focused) .cm-activeLine, &:not(.cm-focused) .cm-activeLineGutter': {
    backgroundColor: 'transparent',
  },
  '.cm-activeLineGutter': { backgroundColor: 'var(--weft-hover)', color: 'var(--weft-text)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground, ::selection':
    {
      backgroundColor: 'color-mix(in srgb, var(--weft-accent) 26%, transparent) !important',
    },
  '.cm-selectionMatch': { backgroundColor: 'var(--weft-pressed)' },
  '&.cm-focused .cm-matchingBracket': {
    backgroundColor: 'var(--weft-accent-soft)',
    outline: '1px solid var(--weft-accent)',
  },
  '&.cm-focused .cm-nonmatchingBracket': { backgroundColor: 'var(--weft-failure-soft)' },
  '.cm-tooltip': {
    border: 'none',
    borderRadius: 'var(--weft-radius-m)',
    backgroundColor: 'var(--weft-raised)',
    color: 'var(--weft-text)',
    boxShadow: 'var(--weft-shadow-l)',
    overflow: 'hidden',
  },
  '.cm-tooltip-lint': { maxWidth: '30rem' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--weft-font-mono)', maxHeight: '14rem' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': { padding: '0.2rem 0.6rem' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': {
    backgroundColor: 'var(--weft-accent-soft)',
    color: 'var(--weft-text)',
  },
  '.cm-completionMatchedText': {
    textDecoration: 'none',
    color: 'var(--weft-accent-text)',
    fontWeight: '600',
  },
  '.cm-completionDetail': { fontStyle: 'normal', color: 'var(--weft-text-3)', marginLeft: '1rem' },
  '.cm-completionInfo': { padding: '0.4rem 0.6rem', maxWidth: '18rem', fontSize: 'var(--weft-size-xs)' },
  '.cm-diagnostic': { padding: '0.45rem 0.7rem', fontFamily: 'var(--weft-font)', whiteSpace: 'normal' },
  '.cm-diagnostic-error': { borderLeft: '3px solid var(--weft-failure-fill)' },
  '.cm-diagnostic code': {
    fontFamily: 'var(--weft-font-mono)',
    padding: '0 0.25em',
    borderRadius: '4px',
    backgroundColor: 'var(--weft-neutral-soft)',
  },
  '.cm-diagnosticSource': { color: 'var(--weft-text-3)', fontFamily: 'var(--weft-font-mono)', opacity: '1' },
  '.cm-lintRange-error': wavy('--weft-failure-fill'),
  '.cm-lintRange-warning': wavy('--weft-waiting-fill'),
  '.cm-gutter-lint': { width: '1rem' },
  '.cm-gutter-lint .cm-gutterElement': { padding: '0.2rem 0' },
  '.cm-lint-marker': { width: '0.75rem', height: '0.75rem' },
  '.cm-lint-marker-error': {
    content: '""',
    borderRadius: '50%',
    backgroundColor: 'var(--weft-failure-fill)',
    transform: 'scale(.65)',
  },
  '.cm-panels': { backgroundColor: 'var(--weft-sunken)', color: 'var(--weft-text)' },
  '.cm-panels-top': { borderBottom: '1px solid var(--weft-line)' },
  '.cm-panels-bottom': { borderTop: '1px solid var(--weft-line)' },
  '.cm-panel.cm-panel-lint ul [aria-selected]': { backgroundColor: 'var(--weft-accent-soft)' },
  '.cm-textfield': {
    border: '1px solid var(--weft-line-control)',
    borderRadius: 'var(--weft-radius-s)',
    backgroundColor: 'var(--weft-surface)',
  },
  '.cm-button': {
    border: '1px solid var(--weft-line-strong)',
    borderRadius: 'var(--weft-radius-s)',
    backgroundImage: 'none',
    backgroundColor: 'var(--weft-surface)',
  },
});
