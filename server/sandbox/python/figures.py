"""matplotlib's figures as artifacts: a backend that draws in memory and, where others open windows, saves images.

plt.show() saves every open figure and closes it, as one closes a window; those that are open at the end of the program are
saved then; one that the program has given to `save_artifact` is not saved again. The environment of packages names the backend (preload.py): nothing of matplotlib is imported before it is used.
"""

import itertools
import sys
import types

BACKEND = "weft_figures"

_DRAWINGS = ("matplotlib.", "mpl_toolkits.", "seaborn.axisgrid.")  # seaborn's others draw nothing till they are shown
_LOOKED_AT = 20  # items of one container: the drawings that one call gives are among the first


class Figures:
    def __init__(self, files):
        self._files = files
        self._count = 0
        sys.modules[BACKEND] = backend = types.ModuleType(BACKEND, __doc__)
        backend.show = lambda *_, **__: self.save_open()
        backend.__getattr__ = _canvas

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
        """The program has ended: what goes wrong now is told, and is no error of its."""
        try:
            self.save_open()
        except Exception as error:
            print(f"A figure is not kept: {type(error).__name__}: {error}", file=sys.stderr)


def is_drawing(value, depth=4):
    """Whether `value` is what a call that draws gives back: an artist, a figure, or a container with such.

    plt.plot() gives a list, plt.hist() a tuple of counts and bars, df.hist() an array, grouped plots a Series, and
    plt.boxplot() a dict of lists, of which some are empty; a dict that holds data too is none.
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
    return itertools.islice(values, _LOOKED_AT)


def _canvas(name):
    if name != "FigureCanvas":
        raise AttributeError(name)
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    # pyplot looks for it in the module's own dictionary too.
    sys.modules[BACKEND].FigureCanvas = FigureCanvasAgg
    return FigureCanvasAgg
