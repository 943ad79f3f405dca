"""`secrets`, as a program has it whose node asks for some: `secrets["NAME"]` or `secrets.NAME`, each a plain str.

The values came over the private channel with the program; they are in no environment, argument or file. What the program
shows of them is masked in Node, outside the cell (shared/masking): nothing here hides them from the program.
"""


class Secrets(dict):
    """A dict whose keys are attributes as well. Its repr() has names alone."""

    __slots__ = ()

    def __missing__(self, name):
        raise KeyError(self._absent(name))

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(self._absent(name)) from None

    def __repr__(self):
        return f"<secrets {', '.join(self)}>"

    def _absent(self, name):
        return f"the node has no secret {name!r}; it has {', '.join(self)}: add the name to its `secrets`"
