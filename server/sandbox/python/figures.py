"""matplotlib figures as artifacts: a backend that draws in memory, and saves images where others open windows.

plt.show() saves and closes every open figure. Figures that are still open at the end of the program are saved then. A
figure that the program passed to `save_artifact` is not saved again. An environment variable selects the backend
(preload.py), so that matplotlib is imported only by programs that use it.
"""

import itertools
import sys
import types

BACKEND = "weft_figures"

_DRAWINGS = ("matplotlib.", "mpl_toolkits.", "seaborn.axisgrid.")  # seaborn's other objects draw only when shown
_MAX_INSPECTED = 20  # items of one container: the drawings that a call returns are among the first


class Figures:
    def __init__(self):
        self._files = None
        self._count = 0
        sys.modules[BACKEND] = backend = types.ModuleType(BACKEND, __doc__)
        backend.show = lambda *_, **__: self.save_open()
        backend.__getattr__ = _canvas

    def begin(self, files):
        """A run, whose figures become its files."""
        self._files = files
        self._count = 0

    def save_open(self):
        pyplot = sys.modules.get("matplotlib.pyplot")
        for number in pyplot.get_fignums() if pyplot else ():
            figure = pyplot.figure(number)
            pyplot.close(figure)
            is_empty = not (figure.axes or figure.texts or figure.images)
            if not is_empty and figure not in self._files.saved_figures:
                self._count += 1
                self._files.save_artifact(f"figure-{self._count}.png", figure)

    def save_left_open(self):
        """Called when the program has ended: a failure is printed, and is not an error of the program."""
        try:
            self.save_open()
        except Exception as error:
            print(f"A figure could not be saved: {type(error).__name__}: {error}", file=sys.stderr)


def is_drawing(value, depth=4):
    """Whether `value` is the return value of a call that draws: an artist, a figure, or a container with one.

    plt.plot() returns a list, plt.hist() a tuple of counts and bars, df.hist() an array, grouped plots a Series, and
    plt.boxplot() a dict of lists, some of them empty. A dict that also has data does not count.
    """
    if "matplotlib" not in sys.modules:
        return False
    if any(f"{base.__module__}.".startswith(_DRAWINGS) for base in type(value).__mro__):
        return True
    if depth == 0:
        return False
    if type(value) is dict:
        drawn = [is_drawing(item, depth - 1) for item in _first(value.values()) if type(item) is not list or item]
        return bool(drawn) and all(drawn)
    return any(is_drawing(item, depth - 1) for item in _items(value))


def _items(value):
    if type(value) in (list, tuple):
        return _first(value)
    is_array = type(value).__module__.partition(".")[0] in ("numpy", "pandas")
    return _first(getattr(value, "flat", value)) if is_array and getattr(value, "dtype", None) == object else ()


def _first(values):
    return itertools.islice(values, _MAX_INSPECTED)


def _canvas(name):
    if name != "FigureCanvas":
        raise AttributeError(name)
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    # pyplot also reads the module's dictionary directly.
    sys.modules[BACKEND].FigureCanvas = FigureCanvasAgg
    return FigureCanvasAgg
