"""The pages and addresses of evidence: its register, its files, and what it stands for."""
