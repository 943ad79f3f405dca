"""Text to rows with the columns that the rest of the workflow needs."""
import json
from datetime import datetime

movies = json.loads(input_data["text"])
rows = []
for number, movie in enumerate(movies, start=1):
    progress(number, len(movies), "parsing")
    rows.append(
        {
            "row": number,
            "title": movie["Title"],
            "released": datetime.strptime(movie["Release Date"], "%b %d %Y").date(),
            "genre": movie["Major Genre"] or "Unknown",
            "gross": movie["Worldwide Gross"],
            "budget": movie["Production Budget"],
            "rating": movie["IMDB Rating"],
        }
    )
print(f"parsed {len(rows)} rows")
result = rows
