"""DMN 1.3 decision tables: XML in, the same typed rules as those of rule files out.

reading.py  the XML as a table, or a refusal naming line, rule and column
unary.py    an input entry as a condition
table.py    the table as a rule set over one kind of fact, its inputs; what fired becomes its outputs
asking.py   what the input expressions come to: facts of the subject, variables of the process
offered.py  what an editor offers for the inputs, and what is odd about the inputs a table has
blank.py    a new table from a few choices
checks.py   rules that overlap although the hit policy forbids it, inputs that no rule covers
"""
