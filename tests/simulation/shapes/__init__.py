"""A third application, in the shapes that public ones have: they do much that no lesson shows."""
