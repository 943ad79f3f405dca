"""Fails at the first impossible row; the workflow goes on at the error handle."""
from datetime import date

print(f"validating {len(input_data)} rows")
for movie in input_data:
    if not isinstance(movie["title"], str):
        raise TypeError(f"row {movie['row']}: expected a title, got {movie['title']!r}")
    if date.fromisoformat(movie["released"]) > date.today():
        raise ValueError(f"row {movie['row']}: {movie['title']!r} was released in the future, on {movie['released']}")
result = input_data
