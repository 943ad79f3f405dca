"""`numpy.lib.stride_tricks.as_strided` for programs: it reads and writes nothing beyond the memory of its array.

numpy takes whatever shape and strides it is given. Weft's function computes the first and last byte that they reach, and
numpy's own function is replaced by it where programs find it. Libraries that find it there may do what they need:
numpy.vectorize makes an array of a shape, of which it reads nothing.
"""

import operator
import sys

_MODULE = "numpy.lib.stride_tricks"
_REASON = (
    "the shape and strides reach beyond the memory of the array; use numpy.lib.stride_tricks.sliding_window_view, or "
    "smaller ones"
)
_audit = sys.audit
MEMORY = "weft.memory"


def bound():
    """Replaces the function, if numpy is loaded. Costs a look-up."""
    module = sys.modules.get(_MODULE)
    if module is not None and not getattr(module.as_strided, "is_bounded", False):
        module.as_strided = _bounded(module.as_strided, sys.modules["numpy"])


def _bounded(make, numpy):
    def as_strided(x, shape=None, strides=None, subok=False, writeable=True, **named):
        array = numpy.array(x, copy=None if numpy.__version__ >= "2" else False, subok=subok)
        plain = numpy.asarray(array)  # a subclass could show other sizes
        if plain.dtype.hasobject:
            _audit(MEMORY, "`as_strided` of objects", "it would read numbers as addresses of objects")
        shape = None if shape is None else _numbers(shape)
        strides = None if strides is None else _numbers(strides)
        if not _is_within(plain, shape, strides):
            _audit(MEMORY, "`as_strided`", _REASON)
        return make(array, shape, strides, subok=subok, writeable=writeable, **named)

    as_strided.__doc__, as_strided.is_bounded = make.__doc__, True
    return as_strided


def _numbers(values):
    """Read once: what reads them again could get others."""
    try:
        return tuple(operator.index(value) for value in values)
    except TypeError:
        return (operator.index(values),)


def _is_within(array, shape, strides):
    shape = array.shape if shape is None else shape
    if strides is None:
        strides = _side_by_side(shape, array.itemsize) if array.flags.c_contiguous else array.strides
    if len(shape) != len(strides) or 0 in shape:
        return True  # an error, and an empty array
    first, last = _extent(shape, strides)
    least, most = _extent(array.shape, array.strides) if 0 not in array.shape else (0, -array.itemsize)
    return least <= first and last <= most


def _side_by_side(shape, size):
    """As numpy takes them where an array that has all elements side by side gets another shape, and no strides."""
    strides = []
    for length in reversed(shape):
        strides.append(size)
        size *= length
    return tuple(reversed(strides))


def _extent(shape, strides):
    """From the first element, in bytes, to the lowest and to the highest one."""
    ways = [(size - 1) * stride for size, stride in zip(shape, strides)]
    return sum(way for way in ways if way < 0), sum(way for way in ways if way > 0)
