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
])('who asks for %s means %s', (name, meant) => {
  expect(suggestionFor(name)).toBe(meant);
});

test.each([['pandas'], ['our-own'], ['constructor']])('%s is taken as it is', (name) => {
  expect(suggestionFor(name)).toBeUndefined();
});

test('where only some names may be had, only they are suggested', () => {
  expect(suggestionFor('sklearn', ['scikit-learn', 'numpy'])).toBe('scikit-learn');
  expect(suggestionFor('sklearn', ['numpy'])).toBeUndefined();
  expect(suggestionFor('acme-tool', ['acme-tools'])).toBe('acme-tools');
});
