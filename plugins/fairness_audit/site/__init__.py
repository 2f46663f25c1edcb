"""The static site: Great Expectations' Data Docs, made harmless, in a frame of our own."""
