"""The pages, a module each: its ``routes`` are what it shows and the buttons on it."""
