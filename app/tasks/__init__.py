"""The inbox: open, claim, release, complete, supersede. Knows no BPMN; whoever opened a task is told of its end."""
