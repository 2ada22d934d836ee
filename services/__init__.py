"""Facilities, programmes, organisations (服务): stands on ``communities``; its registers come later."""
