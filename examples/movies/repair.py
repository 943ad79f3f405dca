"""Runs after the error handle: `error` is the failure, `input` is the input of the node that failed."""
from datetime import date

print(f"repairing, because {input_data['error']['type']}: {input_data['error']['message']}")
repaired = 0
for movie in input_data["input"]:
    if not isinstance(movie["title"], str):
        movie["title"] = str(movie["title"])
        repaired += 1
    released = date.fromisoformat(movie["released"])
    if released > date.today():  # a year of two digits that was read a century too late
        movie["released"] = released.replace(year=released.year - 100).isoformat()
        repaired += 1
print(f"repaired {repaired} values")
result = input_data["input"]
