"""What each kind of paper says, and how it is laid out. Content knows no language: texts of ours are stored in both."""
