"""Everything that comes from outside is hostile until checked: the API, every page, every form, every role."""
