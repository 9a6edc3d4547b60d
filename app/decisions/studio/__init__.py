"""Rules written by people who write no code: forms in, precise edits of the YAML text out, and back.

text ──rows, rule_form──► a form ──► the rule as data ──editing──► the same text with only that changed
"""
