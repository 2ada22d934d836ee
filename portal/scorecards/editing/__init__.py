"""The scheme editor: registers of rating schemes, their versions and items, over pages and REST."""
