"""Writes of the ground that have rules of their own; a plain row goes through ``communities.base.actions.save``."""
