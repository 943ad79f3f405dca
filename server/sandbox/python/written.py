"""What stands in the source of a program, and may therefore run as the text that it is; for the runtime wall."""

import ast
import functools
import re

import check_rules
import examples
import outside
import syntax

_ENCODING = re.compile(rb"(?:[^\n]*\n)?[ \t\f]*#[^\n]*coding[:=]")


class Written:
    def __init__(self, code):
        self._code = code

    def has_text(self, text):
        return outside.text_of(text) in self._texts

    def has_example(self, text):
        """Whether it is an example in a docstring. The interpreter raises the event for the text, and again for its
        bytes. These could be compiled as another text, if a comment named their encoding."""
        if not isinstance(text, (str, bytes)) or (isinstance(text, bytes) and _ENCODING.match(text)):
            return False
        return outside.text_of(text) in self._examples

    def offences_in(self, text):
        """(rule, message) of each, where the text runs within the program; none for what cannot be compiled."""
        try:
            found = list(check_rules.offences_in(text, self._program))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return []
        return [(rule, message) for _node, rule, message in found]

    @functools.cached_property
    def _texts(self):
        return {node.value for node in self._program.of(ast.Constant) if isinstance(node.value, str)}

    @functools.cached_property
    def _examples(self):
        found = examples.docstrings(self._program.of)
        return {example.source for docstring in found for example in examples.examples_in(docstring.value)}

    @functools.cached_property
    def _program(self):
        return syntax.Program(ast.parse(self._code))
