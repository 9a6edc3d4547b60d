"""Users, their roles, sessions and API tokens: who acts."""
