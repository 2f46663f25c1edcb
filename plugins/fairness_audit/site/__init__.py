"""The static site: Data Docs made harmless, in a frame of our own."""
