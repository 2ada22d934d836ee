"""The pages and addresses of decisions: to-do lists, cases, and the registers by which they are routed."""
