"""What may go wrong next: promises that may be missed, goods that run out, lots that will expire unsold."""
