import { suggestionFor } from '../../../server/packages/suggestion.ts';

test.each([
  ['sklearn', 'scikit-learn'],
  ['panda', 'pandas'],
  ['panads', 'pandas'],
  ['cv2', 'opencv-python-headless'],
  ['bs4', 'beautifulsoup4'],
  ['pil', 'pillow'],
  ['yaml', 'pyyaml'],
  ['scikit-lern', 'scikit-learn'],
])('%s is a slip or a module name for %s', (name, meant) => {
  expect(suggestionFor(name)).toBe(meant);
});

test.each([['pandas'], ['our-own'], ['constructor']])('%s has no suggestion', (name) => {
  expect(suggestionFor(name)).toBeUndefined();
});

test('with a list of names, only names on the list are suggested', () => {
  expect(suggestionFor('sklearn', ['scikit-learn', 'numpy'])).toBe('scikit-learn');
  expect(suggestionFor('sklearn', ['numpy'])).toBeUndefined();
  expect(suggestionFor('acme-tool', ['acme-tools'])).toBe('acme-tools');
});
