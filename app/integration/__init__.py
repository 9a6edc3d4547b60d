"""Youxu among other systems: the feed of events, and `/engine-rest`, the dialect that tools for BPMN servers know."""
