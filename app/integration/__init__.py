"""Youxu among other systems: `/engine-rest` speaks the REST dialect that tools for BPMN servers know."""
