"""Who did what when: an append-only trail, hash-chained per subject and sealed as a whole."""
