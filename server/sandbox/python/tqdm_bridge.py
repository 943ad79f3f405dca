"""tqdm that sends progress frames (source "tqdm") instead of drawing a bar.

If tqdm is installed, its own class is kept and only its drawing is replaced. Otherwise `tqdm`, `tqdm.auto`, `tqdm.std`
and `tqdm.notebook` are a small stand-in with the parts that programs commonly use.
"""

import importlib
import io
import sys
import types

import progress


def install(reporter, is_installed):
    def report(bar):
        total = bar.total if isinstance(bar.total, (int, float)) else None
        reporter.report(
            progress._number("n", bar.n),
            progress._optional("total", total),
            bar.desc or None,
            bar.unit,
            "tqdm",
        )

    if is_installed:
        _redirect(importlib.import_module("tqdm.std").tqdm, report)
    else:
        _stand_in(report)


def _redirect(tqdm, report):
    original_init = tqdm.__init__

    def __init__(self, *args, **kwargs):
        if len(args) < 5:  # `file` is the fifth positional argument after self
            kwargs["file"] = _Nowhere()
        original_init(self, *args, **kwargs)

    def display(self, msg=None, pos=None):
        report(self)
        return True

    tqdm.__init__, tqdm.display = __init__, display
    tqdm.status_printer = staticmethod(lambda file: lambda text: None)


class _Nowhere(io.StringIO):
    def write(self, text):
        return len(text)


def _stand_in(report):
    class tqdm:
        """Stands in for `tqdm.tqdm` where the package is not installed."""

        def __init__(self, iterable=None, desc=None, total=None, leave=True, file=None, *_, unit="it", initial=0,
                     disable=False, **__):  # fmt: skip
            self.iterable, self.desc, self.unit, self.n, self.disable = (
                iterable,
                desc or "",
                unit,
                initial,
                disable,
            )
            self.total = _length(iterable) if total is None else total
            self.postfix = None
            self.refresh()

        def __iter__(self):
            for item in self.iterable:
                yield item
                self.update()
            self.close()

        def __len__(self):
            return _length(self.iterable) if self.iterable is not None else self.total

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.close()

        def update(self, n=1):
            self.n += n
            self.refresh()

        def set_description(self, desc=None, refresh=True):
            self.desc = desc or ""
            self.refresh()

        def set_postfix(self, ordered_dict=None, refresh=True, **values):
            self.postfix = {**(ordered_dict or {}), **values}

        def set_postfix_str(self, s="", refresh=True):
            self.postfix = s

        def reset(self, total=None):
            self.n, self.total = 0, self.total if total is None else total
            self.refresh()

        def refresh(self, *_, **__):
            if not self.disable:
                report(self)

        def close(self):
            if not self.disable:
                report(self)
            self.disable = True

        def clear(self, *_, **__):
            pass

        set_description_str, unpause, display = set_description, clear, refresh

        @classmethod
        def write(cls, s, file=None, end="\n", nolock=False):
            print(s, file=file, end=end)

    def trange(*args, **kwargs):
        return tqdm(range(*args), **kwargs)

    package = types.ModuleType("tqdm", "Weft's stand-in for tqdm, which is not installed here.")
    for name in ("tqdm", "tqdm.auto", "tqdm.std", "tqdm.notebook"):
        module = package if name == "tqdm" else types.ModuleType(name, package.__doc__)
        module.tqdm, module.trange = tqdm, trange
        sys.modules[name] = module
        if module is not package:
            setattr(package, name.partition(".")[2], module)
    package.__path__ = []


def _length(iterable):
    try:
        return len(iterable)
    except (TypeError, AttributeError):
        return None
