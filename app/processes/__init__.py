"""Business processes: definitions, running instances, their history; people's part goes to the inbox."""
