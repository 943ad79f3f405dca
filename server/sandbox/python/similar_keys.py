"""Names of other platforms as keys of this one."""


def similar_key(name, by_key):
    """`HTTP Request` is `httpRequest` or `http_request` here, and `f/team/signing_key` is `SIGNING_KEY`. None where there
    is no such key, or more than one."""
    keys = [name] if name in by_key else [key for key in by_key if _letters(key) == _letters(name)]
    return keys[0] if len(keys) == 1 else None


def _letters(name):
    return "".join(filter(str.isalnum, str(name).rpartition("/")[2])).casefold()
