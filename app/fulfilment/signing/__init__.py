"""Electronic signatures on tasks about orders.

content   what a page shows of a task, as a manifest; the mark of it that the page carries
verbs     offering a signature, and putting it to a completed task
stored    whether what was signed is still stored so; the parts themselves, for the record that is taken away
paper     the signed record and the order confirmation as PDF
"""
