import json
import textwrap
import unittest

import support  # noqa: F401  puts the modules under test on the path

from check import examine


def schema_of(code):
    return json.loads(examine(textwrap.dedent(code)).input_schema)


class SchemaTest(unittest.TestCase):
    def test_it_has_names_types_defaults_and_the_docstring(self):
        schema = schema_of('''
            from typing import Optional, Literal, TypedDict
            import datetime

            class Place(TypedDict):
                city: str
                size: "int"

            def main(name: str, n: int = 3, ratio: "float" = 0.5, is_new=True, *, tags: list[str] = [],
                     kind: Literal["a", "b"] = "a", when: Optional[datetime.date] = None, place: Place = {"city": "x"},
                     counts: dict[str, int] | None = None, mixed: int | str = 1, computed=len("abc"),
                     any_thing=..., **others):
                """Says what it does.

                And how.
                """
        ''')
        self.assertEqual(
            schema,
            {
                "type": "object",
                "description": "Says what it does.\n\nAnd how.",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string"},
                    "n": {"type": "integer", "default": 3},
                    "ratio": {"type": "number", "default": 0.5},
                    "is_new": {"default": True},
                    "tags": {"type": "array", "items": {"type": "string"}, "default": []},
                    "kind": {"enum": ["a", "b"], "default": "a"},
                    "when": {"type": ["string", "null"], "format": "date"},
                    "place": {
                        "type": "object",
                        "properties": {"city": {"type": "string"}, "size": {"type": "integer"}},
                        "default": {"city": "x"},
                    },
                    "counts": {"type": ["object", "null"], "additionalProperties": {"type": "integer"}},
                    "mixed": {"anyOf": [{"type": "integer"}, {"type": "string"}], "default": 1},
                    "computed": {},
                    "any_thing": {},
                },
            },
        )

    def test_classes_of_which_main_gets_instances_have_their_fields(self):
        schema = schema_of("""
            from dataclasses import dataclass, field
            from pydantic import BaseModel, Field

            @dataclass(frozen=True)
            class Place:
                city: str
                tags: list = field(default_factory=list)

            class Order(BaseModel):
                to: Place
                amount: int = Field(..., ge=1)
                unit: str = Field("kg", max_length=3)
                note: str | None = None

            class Other:
                x: int

            def main(order: Order, other: Other): pass
        """)
        place = {
            "type": "object",
            "properties": {"city": {"type": "string"}, "tags": {"type": "array"}},
            "required": ["city"],
        }
        order = {
            "type": "object",
            "properties": {
                "to": place,
                "amount": {"type": "integer"},
                "unit": {"type": "string"},
                "note": {"type": ["string", "null"]},
            },
            "required": ["to", "amount"],
        }
        self.assertEqual(schema["properties"], {"order": order, "other": {}})

    def test_a_parameter_for_the_whole_input_is_not_required(self):
        self.assertEqual(schema_of("def main(input_data): pass")["required"], [])

    def test_code_without_an_uncalled_main_has_none(self):
        for code in ("x = 1", "return 1", "def main(): pass\nmain()", "def main(): pass\nreturn 1"):
            self.assertIsNone(examine(code).input_schema)

    def test_a_signature_that_would_grow_without_end_stays_small(self):
        fields = "".join(f"    f{n}: 'T'\n" for n in range(60))
        parameters = ", ".join(f"p{n}: T" for n in range(90))
        code = f"from typing import TypedDict\nclass T(TypedDict):\n{fields}\ndef main({parameters}): pass"
        schema = examine(code).input_schema
        self.assertTrue(schema is None or len(schema) <= 50_000)
        self.assertIsNone(examine(f"def main({', '.join(f'p{n}' for n in range(101))}): pass").input_schema)
        nested = "List[" * 90 + "int" + "]" * 90
        self.assertIsNotNone(examine(f"def main(a: {nested}, b: '{nested}'): pass").input_schema)


if __name__ == "__main__":
    unittest.main()
