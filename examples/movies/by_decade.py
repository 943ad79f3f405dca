"""The other branch. The value of the last expression is the result."""
from collections import Counter

decades = Counter()
gross = Counter()
for number, movie in enumerate(input_data, start=1):
    decade = f"{movie['released'][:3]}0s"
    decades[decade] += 1
    gross[decade] += movie["gross"] or 0
    progress(number, len(input_data), "by decade")
print(f"{len(decades)} decades")
[{"decade": decade, "movies": decades[decade], "gross": gross[decade]} for decade in sorted(decades)]
