"""Money (资金): stands on ``communities``, ``grid`` and ``services``; its registers come later."""
