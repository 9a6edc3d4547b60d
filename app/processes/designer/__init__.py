"""Where diagrams are drawn: drafts that people write, others approve, and that then come into force.

models       drafts, their revisions, who has one open, which processes are governed
drafts       begin, save, branch, give up            approving    send, approve, reject, put into force
merging      two people's changes of one diagram     findings     what the lint says of a draft
offered      what the panel offers                   governing    which processes are changed here only
scenarios    their text                              sandbox      a diagram run without the world
trying       scenarios run in the sandbox            queries      reads
"""
