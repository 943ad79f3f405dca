import { afterAll, expect } from '@jest/globals';
import { openPypiSandbox } from '../support/pypi.ts';
import { resultOf } from '../support/test-sandbox.ts';

const python = await openPypiSandbox([
  'scikit-learn',
  'scipy',
  'polars',
  'pydantic',
  'beautifulsoup4',
  'lxml',
  'regex',
]);
afterAll(async () => {
  await python[Symbol.asyncDispose]();
});

/** Typical programs for each library, with their results. */
const PROGRAMS: Record<string, [code: string, result: unknown]> = {
  'scikit-learn fits a line': [
    `
from sklearn.linear_model import LinearRegression
model = LinearRegression().fit([[1], [2], [3]], [2, 4, 6])
result = round(float(model.predict([[4]])[0]), 6)`,
    8,
  ],
  'scikit-learn trains a forest, as parallel as it may': [
    `
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
x, y = load_iris(return_X_y=True)
forest = RandomForestClassifier(n_estimators=5, n_jobs=-1, random_state=0).fit(x, y)
result = bool(forest.score(x, y) > 0.9)`,
    true,
  ],
  'scikit-learn builds a pipeline and validates it': [
    `
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.datasets import load_iris
x, y = load_iris(return_X_y=True)
result = bool(cross_val_score(make_pipeline(StandardScaler(), LogisticRegression()), x, y, cv=3).mean() > 0.9)`,
    true,
  ],
  'scipy finds a root and tests a mean': [
    `
from scipy import optimize, stats
result = [round(optimize.brentq(lambda x: x * x - 9, 0, 5), 6), round(float(stats.norm.cdf(1)), 4)]`,
    [3, 0.8413],
  ],
  'scikit-learn and joblib do in one process what is asked of several': [
    `
from joblib import Parallel, delayed
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.svm import SVC
x, y = load_iris(return_X_y=True)
result = [GridSearchCV(SVC(), {'C': [1, 10]}, n_jobs=2).fit(x, y).best_score_ > 0.9,
          Parallel(n_jobs=2)(delayed(abs)(-n) for n in range(3))]`,
    [true, [0, 1, 2]],
  ],
  'scikit-learn clusters, finds neighbours and outliers, and embeds': [
    `
import numpy as np
from sklearn.cluster import DBSCAN, KMeans
from sklearn.manifold import TSNE
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors
points = np.array([[0, 0], [0, 1], [1, 0], [9, 9], [9, 8], [8, 9]], dtype=float)
models = [KMeans(2, n_init=1, random_state=0), DBSCAN(eps=2, min_samples=2), GaussianMixture(2, random_state=0)]
labels = [model.fit_predict(points) for model in models]
result = [
    [[len(set(found[:3])), len(set(found))] for found in labels],
    LocalOutlierFactor(n_neighbors=2).fit_predict(np.vstack([points, [[99, 99]]]))[-1],
    NearestNeighbors(n_neighbors=1).fit(points).kneighbors([[9, 10]])[1],
    TSNE(perplexity=2, random_state=0).fit_transform(points).shape,
]`,
    [
      [
        [1, 2],
        [1, 2],
        [1, 2],
      ],
      -1,
      [[3]],
      [6, 2],
    ],
  ],
  'scikit-learn limits the threads of the libraries that are loaded': [
    `
import sklearn.linear_model
from threadpoolctl import threadpool_info, threadpool_limits
with threadpool_limits(1):
    result = sorted({library['user_api'] for library in threadpool_info()})`,
    ['blas', 'openmp'],
  ],
  'scipy calls back from Fortran': [
    `
from scipy.integrate import ode
from scipy.linalg import logm, schur
result = [
    [round(x, 3) for x in ode(lambda t, y: [-y[0]]).set_integrator('vode').set_initial_value([1.0], 0).integrate(1.0)],
    schur([[1.0, 2.0], [0.0, 3.0]], sort=lambda real, imaginary: real > 2)[2],
    logm([[1.0, 0.0], [0.0, 1.0]]).tolist(),
]`,
    [
      [0.368],
      1,
      [
        [0, 0],
        [0, 0],
      ],
    ],
  ],
  'numpy writes an array to a file and reads it': [
    `
import numpy as np, tempfile
np.arange(3).tofile('array.bin')
def read(): return np.fromfile('array.bin', dtype=int)
with tempfile.TemporaryFile() as file:
    np.arange(2.0).tofile(file)
    file.seek(0)
    result = [read(), np.fromfile(file)]`,
    [
      [0, 1, 2],
      [0, 1],
    ],
  ],
  'polars groups a frame on its own threads': [
    `
import polars as pl
frame = pl.DataFrame({'k': ['a', 'b', 'a'], 'v': [1, 2, 3]})
result = frame.group_by('k').agg(pl.col('v').sum()).sort('k')`,
    [
      { k: 'a', v: 4 },
      { k: 'b', v: 2 },
    ],
  ],
  'polars reads CSV lazily': [
    `
import io, polars as pl
frame = pl.read_csv(io.StringIO('a,b\\n1,2\\n3,4')).lazy().filter(pl.col('a') > 1).collect()
result = [frame['b'], frame.shape]`,
    [[4], [1, 2]],
  ],
  'pydantic validates, and a model is a result': [
    `
from pydantic import BaseModel, Field, ValidationError
class Order(BaseModel):
    id: int
    tags: list[str] = Field(default_factory=list)
try:
    Order(id='many')
except ValidationError as error:
    problems = [problem['type'] for problem in error.errors()]
result = {'order': Order(id='7', tags=['x']), 'problems': problems}`,
    { order: { id: 7, tags: ['x'] }, problems: ['int_parsing'] },
  ],
  'beautifulsoup reads a page with each parser': [
    `
from bs4 import BeautifulSoup
page = '<ul><li class="a">one<li>two</ul><a href="/x">link</a>'
result = [[li.get_text() for li in BeautifulSoup(page, parser).find_all('li')] + [BeautifulSoup(page, parser).a['href']]
          for parser in ('html.parser', 'lxml')]`,
    [
      ['onetwo', 'two', '/x'],
      ['one', 'two', '/x'],
    ],
  ],
  'lxml finds by path and serialises': [
    `
from lxml import etree, html
tree = html.fromstring('<div><p>a <b>c</b></p><p>d</p></div>')
result = [[p.text_content() for p in tree.xpath('//p')], etree.tostring(etree.XML('<a><b/></a>')).decode()]`,
    [['a c', 'd'], '<a><b/></a>'],
  ],
  'regex knows classes, fuzziness and time limits': [
    `
import regex
result = [regex.findall(r'\\p{Lu}+', 'ABc DÉ'), bool(regex.fullmatch(r'(?:color){e<=1}', 'colour', timeout=1))]`,
    [['AB', 'DÉ'], true],
  ],
};

python.test('what a library tries on its own account is refused, reported, and ends no run', async () => {
  const run = await python.run('import sklearn\nsklearn.show_versions()');
  expect(resultOf(run)).toBeNull();
  expect(run.stdout).toContain('Python dependencies');
  const refused = run.events.filter(({ kind }) => kind === 'violation');
  expect(refused).toMatchObject([{ violation: { rule: 'process', layer: 'RUNTIME' }, isFatal: false }]);
});

for (const [title, [code, result]] of Object.entries(PROGRAMS)) {
  python.test(title, async () => {
    const run = await python.run(code);
    expect(run.events.filter(({ kind }) => kind === 'violation')).toEqual([]);
    expect(resultOf(run)).toEqual(result);
  });
}
