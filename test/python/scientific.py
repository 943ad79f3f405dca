"""Programs by name that use what the kernel offers as the scientific libraries and the standard library do.

(packages that it needs, code). The tests of the kernel's wall run them in cells, and measure_calls.py measures the
system calls that they make. Each sets `result`, and none reaches outside its folder.
"""

PROGRAMS = {
    # the standard library
    "sqlite": ("", "import sqlite3\nwith sqlite3.connect('a.db') as db:\n    db.execute('create table t (a)')\n"
               "    db.executemany('insert into t values (?)', [(n,) for n in range(50)])\n"
               "result = db.execute('select sum(a) from t').fetchone()[0]"),
    "sqlite with a journal": ("", "import sqlite3\ndb = sqlite3.connect('b.db')\ndb.execute('create table t (a)')\ndb.commit()\n"
                              "other = sqlite3.connect('b.db')\nother.execute('insert into t values (1)')\nother.commit()\n"
                              "result = db.execute('select a from t').fetchall()[0][0]"),
    "a pool of processes": ("", "import multiprocessing\nwith multiprocessing.Pool(2) as pool: result = sum(pool.map(abs, range(-9, 0)))"),
    "a process executor": ("", "from concurrent.futures import ProcessPoolExecutor\nimport multiprocessing\n"
                           "with ProcessPoolExecutor(2, multiprocessing.get_context('fork')) as pool: result = sum(pool.map(abs, [-1, -2]))"),
    "queues, pipes and events of processes": ("", "import multiprocessing as m\nq, e = m.Queue(), m.Event()\na, b = m.Pipe()\n"
                                              "def f():\n    q.put(1)\n    b.send([2])\n    e.set()\np = m.Process(target=f)\np.start()\n"
                                              "result = [q.get(), a.recv(), e.wait(5)]\np.join()"),
    "shared values of processes": ("", "import multiprocessing as m\nv = m.Value('i', 0)\ndef f():\n    with v.get_lock(): v.value += 1\n"
                                   "ps = [m.Process(target=f) for _ in range(3)]\n[p.start() for p in ps]\n[p.join() for p in ps]\nresult = v.value"),
    "copies and moves of files": ("", "import os, shutil\nos.makedirs('a/b')\nopen('a/b/f', 'w').write('x' * 100_000)\nshutil.copytree('a', 'c')\n"
                                  "shutil.copy2('a/b/f', 'g')\nshutil.move('c', 'd')\nos.utime('g')\nos.chmod('g', 0o600)\nos.link('g', 'h')\n"
                                  "os.symlink('g', 'i')\nresult = [sorted(os.listdir()), os.readlink('i'), shutil.disk_usage('.').total > 0]\nshutil.rmtree('a')"),
    "files by every call": ("", "import os\nfd = os.open('f', os.O_RDWR | os.O_CREAT)\nos.posix_fallocate(fd, 0, 100)\nos.pwrite(fd, b'abc', 0)\n"
                            "os.writev(fd, [b'x'])\nos.preadv(fd, [bytearray(3)], 0)\nos.lseek(fd, 0, 0)\nos.ftruncate(fd, 2)\nos.fsync(fd)\n"
                            "os.fdatasync(fd)\nos.posix_fadvise(fd, 0, 0, os.POSIX_FADV_WILLNEED)\nresult = [os.read(fd, 5).decode(), os.fstat(fd).st_size]\n"
                            "os.truncate('f', 1)\nos.mkdir('x')\nos.rename('f', 'x/f')\nos.statvfs('.')\nos.access('x', os.R_OK)\nos.fchmod(fd, 0o644)\n"
                            "other = os.open('y', os.O_RDWR | os.O_CREAT)\nos.sendfile(other, fd, 0, 1)\nos.copy_file_range(fd, other, 1, 0)\n"
                            "os.scandir('.').close()\nos.umask(0o22)\nos.listxattr('y')\nos.dup2(fd, 77)\nos.get_terminal_size if os.isatty(fd) else 0"),
    "a lock on a file": ("", "import fcntl\nwith open('f', 'w') as f:\n    fcntl.lockf(f, fcntl.LOCK_EX)\n    fcntl.lockf(f, fcntl.LOCK_UN)\nresult = 1"),
    "maps of memory": ("", "import mmap\nm = mmap.mmap(-1, 8192)\nm[0] = 1\nm.resize(16384)\nwith open('f', 'wb') as f: f.write(bytes(8192))\n"
                       "with open('f', 'r+b') as f, mmap.mmap(f.fileno(), 0) as n:\n    n[0] = 7\n    n.madvise(mmap.MADV_WILLNEED)\n    n.flush()\nresult = [m[0], len(m)]"),
    "an event loop": ("", "import asyncio\nasync def f(n):\n    await asyncio.sleep(0.001)\n    return n\n"
                      "async def main():\n    loop = asyncio.get_running_loop()\n    await loop.run_in_executor(None, print)\n"
                      "    return await asyncio.gather(*map(f, range(3)))\nresult = asyncio.run(main())"),
    "streams over unix sockets": ("", "import asyncio\nasync def echo(r, w):\n    w.write(await r.readline())\n    w.close()\n"
                                  "async def main():\n    async with await asyncio.start_unix_server(echo, 's'):\n"
                                  "        r, w = await asyncio.open_unix_connection('s')\n        w.write(b'hi\\n')\n        return (await r.readline()).decode()\n"
                                  "result = asyncio.run(main())"),
    "sockets and selectors": ("", "import selectors, socket\na, b = socket.socketpair()\na.settimeout(1)\n"
                              "seen = []\nfor kind in (selectors.DefaultSelector, selectors.PollSelector, selectors.SelectSelector):\n"
                              "    with kind() as s:\n        s.register(b, selectors.EVENT_READ)\n        a.send(b'x')\n        seen.append(len(s.select(1)))\n"
                              "        b.recv(1)\na.shutdown(socket.SHUT_WR)\nresult = [seen, a.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) > 0]"),
    "listeners of multiprocessing": ("", "import threading\nfrom multiprocessing.connection import Client, Listener\nl = Listener('s', 'AF_UNIX')\n"
                                     "t = threading.Thread(target=lambda: Client('s').send(5))\nt.start()\nresult = l.accept().recv()\nt.join()"),
    "signals and timers": ("", "import os, signal, time\nseen = []\nsignal.signal(signal.SIGALRM, lambda *_: seen.append(1))\n"
                           "signal.setitimer(signal.ITIMER_REAL, 0.001)\nsignal.pause()\nsignal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])\n"
                           "os.kill(os.getpid(), signal.SIGUSR1)\nsignal.sigwait([signal.SIGUSR1])\ntime.sleep(0.001)\nresult = seen"),
    "threads by the dozen": ("", "import threading, queue\nq = queue.Queue()\nts = [threading.Thread(target=q.put, args=(n,)) for n in range(30)]\n"
                             "[t.start() for t in ts]\n[t.join() for t in ts]\nc = threading.Condition()\nwith c: c.wait(0.001)\nresult = q.qsize()"),
    "processes by hand": ("", "import os\nr, w = os.pipe()\npid = os.fork()\nif pid == 0:\n    os.write(w, b'x')\n    os._exit(3)\n"
                          "result = [os.read(r, 1).decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), os.getpriority(os.PRIO_PROCESS, 0) >= 0]\n"
                          "os.nice(1)\nos.sched_yield()"),
    "what the machine is": ("", "import os, platform, resource, time, getpass, tempfile, shutil\nresult = [os.cpu_count() > 0, len(os.sched_getaffinity(0)) > 0,\n"
                            "  platform.machine() != '', platform.platform() != '', resource.getrusage(0).ru_maxrss > 0, os.times().user >= 0,\n"
                            "  os.getloadavg and 1, time.get_clock_info('monotonic').resolution > 0, os.urandom(1) != 0, resource.getrlimit(0) != 0,\n"
                            "  os.sysconf('SC_PHYS_PAGES') > 0, shutil.which('ls')]\nresult = len(result)"),
    "a program that is not there": ("", "import subprocess\ntry: subprocess.run(['true'])\nexcept OSError as e: result = 'none'"),
    "zip, tar and compression": ("", "import bz2, gzip, lzma, tarfile, zipfile\nopen('f', 'w').write('x' * 9999)\n"
                                 "with tarfile.open('a.tgz', 'w:gz') as t: t.add('f')\nwith tarfile.open('a.tgz') as t: t.extractall('out')\n"
                                 "with zipfile.ZipFile('a.zip', 'w') as z: z.write('f')\nresult = [len(bz2.compress(b'x')) > 0, len(lzma.compress(b'x')) > 0]"),
    # the scientific libraries
    "numpy on disk": ("numpy", "import numpy as np\na = np.memmap('m', dtype='f8', mode='w+', shape=(1000, 100))\na[:] = 1\na.flush()\n"
                      "np.savez('z.npz', a=a)\nresult = [float(np.load('z.npz')['a'].sum()), float(np.fromfile('m').sum())]"),
    "numpy linear algebra on threads": ("numpy", "import numpy as np\na = np.random.default_rng(0).random((400, 400))\n"
                                        "result = [round(float(np.linalg.det(a @ np.linalg.inv(a))), 3), np.linalg.svd(a)[1].shape[0]]"),
    "pandas files": ("pandas", "import pandas as pd\nd = pd.DataFrame({'a': range(5000), 'b': 'x'})\nd.to_csv('d.csv.gz')\nd.to_pickle('d.pkl')\n"
                     "d.to_sql('t', __import__('sqlite3').connect('d.db'))\nresult = [len(pd.read_csv('d.csv.gz')), len(pd.read_pickle('d.pkl'))]"),
    "pandas time zones": ("pandas", "import pandas as pd\nresult = str(pd.Timestamp('2024-07-01', tz='Europe/Berlin').tz_convert('UTC'))"),
    "scipy": ("scipy", "from scipy import fft, integrate, optimize, signal, sparse, stats\nimport numpy as np\n"
              "result = [round(optimize.minimize(lambda x: (x[0] - 3) ** 2, [0]).x[0], 2), round(integrate.quad(np.sin, 0, np.pi)[0], 3),\n"
              "  fft.fft(np.ones(8), workers=2).shape[0], sparse.eye(5).nnz, round(float(stats.ttest_ind([1, 2, 3], [2, 3, 4]).pvalue), 2)]"),
    "scikit-learn on threads and processes": ("sklearn", "from sklearn.datasets import make_classification\nfrom sklearn.ensemble import RandomForestClassifier, HistGradientBoostingClassifier\n"
                                "from sklearn.cluster import KMeans\nfrom sklearn.model_selection import cross_val_score\nx, y = make_classification(300, random_state=0)\n"
                                "result = [RandomForestClassifier(20, n_jobs=2, random_state=0).fit(x, y).score(x, y) > 0.9, KMeans(3, n_init=2).fit(x).n_iter_ > 0,\n"
                                "  HistGradientBoostingClassifier(max_iter=5).fit(x, y).score(x, y) > 0.5]"),
    "joblib": ("joblib", "import joblib\njoblib.dump({'a': 1}, 'f')\nm = joblib.Memory('c', verbose=0)\n"
               "result = [joblib.load('f')['a'], joblib.Parallel(2, prefer='threads')(joblib.delayed(abs)(n) for n in (-1, -2)), m.cache(abs)(-3)]"),
    "matplotlib": ("matplotlib", "import matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.pyplot as plt\nf, a = plt.subplots(2, 2)\na[0, 0].plot([1, 3, 2])\n"
                   "a[1, 1].imshow([[1, 2], [3, 4]])\na[0, 1].set_title('$x^2$ ä')\nfor kind in ('png', 'svg', 'pdf'): f.savefig(f'p.{kind}')\n"
                   "import os\nresult = os.path.getsize('p.png') > 1000"),
    "polars": ("polars", "import polars as pl\nd = pl.DataFrame({'k': ['a', 'b'] * 500, 'v': range(1000)})\nd.write_csv('d.csv')\nd.write_parquet('d.parquet')\n"
               "result = [pl.scan_parquet('d.parquet').group_by('k').agg(pl.col('v').sum()).sort('k').collect()['v'].to_list(),\n"
               "  pl.scan_csv('d.csv').filter(pl.col('v') > 990).collect(engine='streaming').height]"),
    "pyarrow": ("pyarrow", "import pyarrow as pa, pyarrow.parquet as pq, pyarrow.csv as csv, pyarrow.dataset as ds\nt = pa.table({'a': list(range(1000))})\n"
                "pq.write_table(t, 't.parquet')\ncsv.write_csv(t, 't.csv')\nresult = [pq.read_table('t.parquet', memory_map=True).num_rows, ds.dataset('t.csv', format='csv').count_rows()]"),
    "duckdb": ("duckdb", "import duckdb\ndb = duckdb.connect('d.duckdb')\ndb.execute('create table t as select range as a from range(100000)')\n"
               "result = int(db.execute('select sum(a) from t').fetchone()[0])"),
    "pillow": ("PIL", "from PIL import Image, ImageFilter\ni = Image.new('RGB', (200, 200), 'red').filter(ImageFilter.BLUR)\ni.save('a.jpg')\ni.save('a.webp')\n"
               "result = Image.open('a.jpg').resize((10, 10)).size[0]"),
    "sympy": ("sympy", "import sympy as s\nx = s.symbols('x')\nresult = [str(s.integrate(s.sin(x) ** 2, x)), str(s.solve(x ** 2 - 2, x))]"),
    "statsmodels": ("statsmodels", "import statsmodels.api as sm, numpy as np\nx = sm.add_constant(np.arange(20.0))\nresult = round(float(sm.OLS(np.arange(20.0) * 2, x).fit().params[1]), 3)"),
    "networkx": ("networkx", "import networkx as nx\ng = nx.path_graph(10)\nresult = [nx.shortest_path_length(g, 0, 9), round(max(nx.pagerank(g).values()), 3) > 0]"),
    "numba": ("numba", "import numba\n@numba.njit(parallel=True)\ndef f(n):\n    s = 0\n    for i in numba.prange(n): s += i\n    return s\nresult = f(1000)"),
    "h5py": ("h5py", "import h5py, numpy as np\nwith h5py.File('f.h5', 'w', locking=False) as f: f['a'] = np.arange(100)\nresult = int(h5py.File('f.h5', locking=False)['a'][5])"),
    "lxml and openpyxl": ("openpyxl", "import openpyxl\nb = openpyxl.Workbook()\nb.active.append([1, 2])\nb.save('b.xlsx')\nresult = openpyxl.load_workbook('b.xlsx').active['B1'].value"),
    "xgboost": ("xgboost", "import xgboost, numpy as np\nx = np.random.default_rng(0).random((200, 3))\nresult = bool(xgboost.XGBRegressor(n_estimators=5, n_jobs=2).fit(x, x[:, 0]).score(x, x[:, 0]) > 0.3)"),
    "lightgbm": ("lightgbm", "import lightgbm, numpy as np\nx = np.random.default_rng(0).random((200, 3))\nresult = lightgbm.LGBMRegressor(n_estimators=5, n_jobs=2, verbose=-1).fit(x, x[:, 0]).n_features_"),
    "cryptography": ("cryptography", "from cryptography.fernet import Fernet\nf = Fernet(Fernet.generate_key())\nresult = f.decrypt(f.encrypt(b'x')).decode()"),
    "orjson and pydantic": ("pydantic", "import pydantic\nclass A(pydantic.BaseModel): x: int\nresult = A(x='1').x"),
}  # fmt: skip
