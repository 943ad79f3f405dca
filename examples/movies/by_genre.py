"""One of two branches that run in parallel."""
from collections import defaultdict
from statistics import mean

from tqdm import tqdm

groups = defaultdict(list)
for movie in tqdm(input_data, desc="by genre", unit="movie"):
    groups[movie["genre"]].append(movie)

result = sorted(
    (
        {
            "genre": genre,
            "movies": len(movies),
            "gross": sum(movie["gross"] or 0 for movie in movies),
            "rating": round(mean(ratings), 2) if (ratings := [m["rating"] for m in movies if m["rating"] is not None]) else None,
        }
        for genre, movies in groups.items()
    ),
    key=lambda group: -group["gross"],
)
print(f"{len(result)} genres")
