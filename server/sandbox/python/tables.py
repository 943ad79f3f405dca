"""Turns values of numpy, pandas, polars and pydantic into plain Python; the table in results.py lists the mappings.

This module imports none of these packages: their values exist only where the program has imported them.
"""

import math
import sys


class NotTabular(Exception):
    """A value of these packages that is not data; the message has the remedy."""


def is_tabular(value):
    package = type(value).__module__.partition(".")[0]
    return package in ("numpy", "pandas", "polars") or _is_numpy_subclass(value) or _is_model(value)


def is_scalar(value):
    numpy = sys.modules.get("numpy")
    return is_tabular(value) and (
        not hasattr(value, "__len__") or bool(numpy) and isinstance(value, numpy.generic)
    )


def simplify(value):
    """Converts one level of `value` to plain Python; raises NotTabular."""
    numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
    if numpy is not None:
        if isinstance(value, numpy.generic):
            return _from_numpy_scalar(value, numpy)
        if isinstance(value, numpy.ndarray):
            return _as_microseconds(value, numpy).tolist()
    if _is_model(value):
        return value.model_dump()
    if type(value).__module__.startswith("polars."):
        return _from_polars(value, sys.modules["polars"])
    if pandas is not None:
        return _from_pandas(value, pandas)
    raise NotTabular(_unknown(value))


def _is_numpy_subclass(value):
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, (numpy.ndarray, numpy.generic))


def _is_model(value):
    pydantic = sys.modules.get("pydantic")
    return pydantic is not None and isinstance(value, pydantic.BaseModel)


def _from_polars(value, polars):
    if isinstance(value, polars.DataFrame):
        return value.to_dicts()
    if isinstance(value, polars.Series):
        return value.to_list()
    raise NotTabular(_unknown(value))


def _from_numpy_scalar(value, numpy):
    if isinstance(value, numpy.longdouble):
        return float(value)
    if isinstance(value, numpy.clongdouble):
        return complex(value)
    return _as_microseconds(value, numpy).item()


def _as_microseconds(value, numpy):
    """item() and tolist() turn datetime64 with a finer unit than microseconds into plain integers."""
    if value.dtype.kind not in "mM" or numpy.datetime_data(value.dtype)[0] not in ("ns", "ps", "fs", "as"):
        return value
    return value.astype(f"{value.dtype.kind}8[us]")


def _from_pandas(value, pandas):
    if value is pandas.NaT or value is pandas.NA:
        return None
    if isinstance(value, pandas.DataFrame):
        return _records(value, pandas)
    if isinstance(value, pandas.Series):
        return _series(value, pandas)
    if isinstance(value, (pandas.Index, pandas.api.extensions.ExtensionArray)):
        return value.tolist()
    if isinstance(value, (pandas.Timestamp, pandas.Timedelta)):
        return value.isoformat() if isinstance(value, pandas.Timestamp) else value.total_seconds()
    if isinstance(value, (pandas.Period, pandas.Interval)):
        return str(value)
    raise NotTabular(_unknown(value))


def _records(frame, pandas):
    if not _is_row_numbers(frame.index, pandas):
        frame = frame.reset_index()
    if not frame.columns.is_unique:
        raise NotTabular("two columns of the DataFrame have the same name; rename one")
    columns = [_column(frame.iloc[:, place]) for place in range(frame.shape[1])]
    names = frame.columns.tolist()
    return [dict(zip(names, row)) for row in zip(*columns)] if columns else [{} for _ in range(len(frame))]


def _column(series):
    values = series.tolist()
    if series.dtype.kind != "f":
        return values
    return [value if math.isfinite(value) else None for value in values]  # so that the records are plain data


def _series(series, pandas):
    if _is_row_numbers(series.index, pandas):
        return series.tolist()
    if series.index.nlevels > 1:
        return series.reset_index()
    if not series.index.is_unique:
        raise NotTabular(
            "two rows of the Series have the same label; use reset_index(), or tolist() to drop labels"
        )
    return dict(zip(series.index.tolist(), series.tolist()))


def _is_row_numbers(index, pandas):
    return index.nlevels == 1 and index.name is None and pandas.api.types.is_integer_dtype(index.dtype)


def _unknown(value):
    kind = f"{type(value).__module__.partition('.')[0]} {type(value).__name__}"
    return f"{kind} is not serialisable; turn it into a DataFrame, a dict or a list first"
