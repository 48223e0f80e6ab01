"""How the dashboard looks: the style sheet beside this file."""

from __future__ import annotations

from pathlib import Path

CLASS = "workshop-live"

STYLE = f"<style>{Path(__file__).with_name('style.css').read_text(encoding='utf-8')}</style>"
