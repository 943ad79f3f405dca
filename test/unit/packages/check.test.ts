import { allPackages, checkPackages, checkResolved, toRequirements } from '../../../server/packages/check.ts';

const allowing = (...allowed: string[]) => ({ ...allPackages, allowed });

test('with no rules every well-formed package is allowed', () => {
  expect(checkPackages(['pandas', 'numpy>=2'], allPackages)).toEqual([]);
});

test('each package that is not on the allow-list is a finding with its index', () => {
  const found = checkPackages(['numpy', 'requests', 'Pandas'], allowing('numpy', 'pandas'));
  expect(found).toEqual([
    { rule: 'package-not-allowed', index: 1, message: expect.stringContaining('PYTHON_ALLOWED_PACKAGES') },
  ]);
});

test.each([
  ['pandsa', 'two letters swapped'],
  ['panda', 'one missing'],
  ['pandass', 'one too many'],
  ['pondas', 'one wrong'],
  ['Pandas-', null],
  ['polars', null],
])('%s is %s away from an allowed name', (name, how) => {
  const [finding] = checkPackages([name], allowing('numpy', 'pandas'));
  expect(finding!.message.includes('Did you mean `pandas`?')).toBe(how !== null);
});

test('a blocked package is refused, however it is spelt', () => {
  const rules = { ...allPackages, blocked: ['evil-package'] };
  expect(checkPackages(['Evil_Package>=1'], rules)).toMatchObject([{ rule: 'package-not-allowed' }]);
});

test('a blocked dependency is refused; one off the allow-list only where the list covers dependencies', () => {
  const requested = toRequirements(['good']);
  const resolved = ['good', 'Evil.Package', 'helper'];
  const blocking = { ...allPackages, blocked: ['evil-package'] };
  expect(checkResolved(resolved, requested, blocking)).toMatchObject([
    { message: expect.stringContaining('good needs evil-package') },
  ]);
  expect(checkResolved(resolved, requested, allowing('good'))).toEqual([]);
  expect(checkResolved(resolved, requested, { ...allowing('good'), allowedCover: 'all' })).toHaveLength(2);
});

test('500 packages are one finding', () => {
  const many = Array.from({ length: 500 }, (_, index) => `package-${index}`);
  expect(checkPackages(many, allPackages)).toEqual([
    expect.objectContaining({ message: expect.stringContaining('at most 100 packages, got 500') }),
  ]);
});

test('the same set in another order and spelling is the same requirements', () => {
  expect(toRequirements(['b>=1,<2', 'A_x', 'b<2, >=1'])).toEqual(toRequirements(['a-x', 'B <2,>=1']));
});
