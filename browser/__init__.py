"""A real browser, driven: Chromium, JupyterLab in it, and what a page of a notebook says."""
