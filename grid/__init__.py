"""Grids, safety and sanitation (网格): stands on ``communities``; its registers come later."""
