"""matplotlib's figures as artifacts: a backend that draws in memory and, where others open windows, saves images.

plt.show() saves every open figure and closes it, as one closes a window; those that are open at the end of the program are
saved then; one that the program has given to `save_artifact` is not saved again. The environment of packages names the backend (preload.py): nothing of matplotlib is imported before it is used.
"""

import sys
import types

BACKEND = "weft_figures"


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


def _canvas(name):
    if name != "FigureCanvas":
        raise AttributeError(name)
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    # pyplot looks for it in the module's own dictionary too.
    sys.modules[BACKEND].FigureCanvas = FigureCanvasAgg
    return FigureCanvasAgg
